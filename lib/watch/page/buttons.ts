/**
 * A channel's buttons.
 *
 * @module
 */
import type { ChannelDocument } from "../../core/report/documents.ts";
import { make, setAttribute, setText } from "./dom.ts";
import { formatCount, formatSome } from "./model/numbers.ts";
import { confirmed, type Operator } from "./operate.ts";

/** What can be done to a channel. */
const COMMANDS = {
  drain: {
    name: "Drain",
    // The state tells how it goes on: no answer needs to be waited for.
    operands: " 0",
    hint: "Gives it no new connections, and waits for those it has",
    sense: ({ enabled, draining }: ChannelDocument): boolean => enabled && !draining,
  },
  disable: {
    name: "Disable",
    operands: "",
    hint: "Gives it no new connections",
    sense: ({ enabled }: ChannelDocument): boolean => enabled,
  },
  enable: {
    name: "Enable",
    operands: "",
    hint: "Gives it connections again",
    sense: ({ enabled, draining }: ChannelDocument): boolean => !enabled || draining,
  },
  cut: {
    name: "Cut",
    operands: "",
    hint: "Ends its connections at once",
    sense: ({ connections }: ChannelDocument): boolean => connections > 0,
  },
} as const;

/** What `drain` ends with while there are connections. */
const NOT_EMPTY = 75;

/** What a button does. */
type CommandName = keyof typeof COMMANDS;
const NAMES = Object.keys(COMMANDS) as CommandName[];

/** The buttons of a channel, or the one that asks for the token. */
export class Buttons {
  /** The buttons, and what the last command answered. */
  readonly element: HTMLElement;
  readonly #operator: Operator;
  readonly #unlock = make("button", { type: "button" }, "Operate");
  readonly #said = make("p", { class: "note", role: "status" });
  readonly #buttons: ReadonlyMap<CommandName, HTMLButtonElement>;
  #state: ChannelDocument | undefined;
  #draining = false;

  /** Makes the buttons of a channel. */
  constructor(readonly group: number, readonly channel: number, operator: Operator) {
    this.#operator = operator;
    this.#buttons = new Map(NAMES.map((name) => {
      const css = name === "cut" ? { class: "grave" } : {};
      const title = COMMANDS[name].hint;
      const button = make("button", { type: "button", title, ...css }, COMMANDS[name].name);
      button.addEventListener("click", () => void this.#press(name));
      return [name, button];
    }));
    this.#unlock.addEventListener("click", () => operator.enter());
    const buttons = [...this.#buttons.values(), this.#unlock];
    this.element = make("div", { class: "buttons" }, ...buttons, this.#said);
  }

  /** Shows which of them make sense now. */
  render(state: ChannelDocument): void {
    this.#state = state;
    const { ready } = this.#operator;
    this.#unlock.hidden = ready;
    for (const [name, button] of this.#buttons) {
      button.hidden = !ready;
      // Not `disabled`, which would throw the keyboard's focus away.
      setAttribute(button, "aria-disabled", String(!COMMANDS[name].sense(state)));
      setAttribute(button, "aria-label", `${COMMANDS[name].name} ${state.name}`);
    }
    setAttribute(this.#unlock, "aria-label", `Operate ${state.name}: enter the token`);
    if (state.draining) {
      setText(this.#said, `Draining, ${formatSome(state.connections, "connection")} left`);
    } else if (this.#draining) setText(this.#said, state.enabled ? "" : "Drained");
    this.#draining = state.draining;
  }

  async #press(name: CommandName): Promise<void> {
    const state = this.#state;
    if (state === undefined || !COMMANDS[name].sense(state)) return;
    if (name === "cut" && !await askForCut(state)) return;
    setText(this.#said, `${COMMANDS[name].name} …`);
    const line = `${name} ${this.channel}${COMMANDS[name].operands}`;
    const { lines, status } = await this.#operator.run(this.group, line);
    const done = status === 0 || (name === "drain" && status === NOT_EMPTY);
    const text = done ? `${COMMANDS[name].name}: done` : `Failed with status ${status}`;
    if (!this.#draining) setText(this.#said, lines.at(-1) ?? text);
  }
}

function askForCut({ name, connections }: ChannelDocument): Promise<boolean> {
  const count = formatSome(connections, "connection");
  return confirmed(
    `Cut ${name}?`,
    `This ends its ${count} at once. Clients may lose what is under way.`,
    `Cut ${formatCount(connections)}`,
  );
}
