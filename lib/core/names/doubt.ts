/**
 * Doubt about answers that lack a whole family of addresses.
 *
 * Resolvers do not tell a family that is gone from one whose look-up failed: both are an answer without it. So when a name
 * had addresses of a family, and an answer has only others, that counts as a failed look-up of the family once; the next
 * such answer is believed.
 *
 * @module
 */
import type { AddressAnswer, IpAddress } from "./answer.ts";

/** What is remembered of a name's answers. */
export interface Memory {
  /** Families that it had in the last answer that is believed. */
  readonly had: readonly IpAddress["family"][];
  /** Those of them that the last answer lacked. */
  readonly doubted: readonly IpAddress["family"][];
}

/** Nothing is remembered before the first answer. */
export const NO_MEMORY: Memory = { had: [], doubted: [] };

const FAMILIES = ["ipv4", "ipv6"] as const;

/** The answer with what is in doubt taken as failed, and what to remember of it. */
export function doubtMissing(
  { had, doubted }: Memory,
  answer: AddressAnswer,
): { readonly answer: AddressAnswer; readonly memory: Memory } {
  const { addresses, failed } = answer;
  if (addresses.length === 0) return { answer, memory: { had, doubted } };
  const present = FAMILIES.filter((each) => addresses.some(({ family }) => family === each));
  const lost = had.filter((family) => !present.includes(family));
  const fresh = lost.filter((family) => !doubted.includes(family) && !failed.includes(family));
  const unknown = [...new Set([...failed, ...fresh])];
  return {
    answer: { addresses, failed: unknown },
    memory: {
      had: FAMILIES.filter((each) =>
        present.includes(each) || (lost.includes(each) && unknown.includes(each))
      ),
      doubted: [
        ...fresh,
        ...doubted.filter((each) => lost.includes(each) && failed.includes(each)),
      ],
    },
  };
}
