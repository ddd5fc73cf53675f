/**
 * Operating: the token, and questions before what cannot be undone.
 *
 * @module
 */
import { type Answer, command, readToken, writeToken } from "./api.ts";
import { find, make, setText } from "./dom.ts";

/** A command that does nothing, to try a token with. */
const HARMLESS = "version";

/** Who may operate, and how it is done. */
export class Operator {
  readonly #place: HTMLElement;
  readonly #onChange: () => void;

  /**
   * Begins with the token of the tab, if there is one.
   *
   * @param onChange Called when a token was entered or forgotten.
   */
  constructor(place: HTMLElement, onChange: () => void) {
    this.#place = place;
    this.#onChange = onChange;
    this.#render();
  }

  /** Whether there is a token. */
  get ready(): boolean {
    return readToken() !== null;
  }

  /** Has a command carried out. */
  async run(group: number, line: string): Promise<Answer> {
    const answer = await command(readToken() ?? "", group, line);
    if (!answer.trusted) this.#change(null);
    return answer;
  }

  /** Asks for the token. */
  enter(): void {
    const field = make("input", {
      id: "token",
      type: "password",
      autocomplete: "off",
      spellcheck: "false",
      required: true,
    });
    const said = make("p", { class: "note", role: "status" });
    const unlock = make("button", { type: "submit" }, "Unlock");
    const form = make(
      "form",
      {},
      make("label", { for: "token" }, "Token"),
      field,
      said,
      make("div", { class: "buttons" }, unlock, closer("Cancel")),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#unlock(field.value.trim(), said);
    });
    const why = "The token of this instance unlocks its commands in this tab.";
    openDialog("Operate", make("p", {}, why), form);
    field.focus();
  }

  async #unlock(token: string, said: HTMLElement): Promise<void> {
    setText(said, "Asking the instance");
    const { lines, status, trusted } = await command(token, 0, HARMLESS);
    if (!trusted || status < 0) {
      setText(said, lines.join(" "));
      return;
    }
    closeDialog();
    this.#change(token);
  }

  #change(token: string | null): void {
    writeToken(token);
    this.#render();
    this.#onChange();
  }

  #render(): void {
    const button = make("button", { type: "button" }, this.ready ? "Lock" : "Operate");
    button.addEventListener("click", () => this.ready ? this.#change(null) : this.enter());
    const said = this.ready ? "Commands are unlocked in this tab" : "";
    const focused = this.#place.contains(document.activeElement);
    this.#place.replaceChildren(make("span", {}, said), button);
    if (focused) button.focus();
  }
}

/** Asks before something that cannot be undone. @returns Whether it was confirmed. */
export function confirmed(question: string, consequence: string, verb: string): Promise<boolean> {
  return new Promise((resolve) => {
    const yes = make("button", { type: "button", class: "grave" }, verb);
    const no = closer("Cancel");
    yes.addEventListener("click", () => {
      resolve(true);
      closeDialog();
    });
    const dialog = openDialog(
      question,
      make("p", {}, consequence),
      make("div", { class: "buttons" }, yes, no),
    );
    const onClose = (): void => {
      // The event of the question before comes late: it may find this one open.
      if (dialog.open) return;
      dialog.removeEventListener("close", onClose);
      resolve(false);
    };
    dialog.addEventListener("close", onClose);
    no.focus();
  });
}

function openDialog(title: string, ...children: readonly Node[]): HTMLDialogElement {
  const dialog = theDialog();
  dialog.replaceChildren(make("h2", { id: "ask-title" }, title), ...children);
  dialog.showModal();
  return dialog;
}

function closeDialog(): void {
  theDialog().close();
}

function theDialog(): HTMLDialogElement {
  const dialog = find("ask");
  if (!(dialog instanceof HTMLDialogElement)) throw new Error("#ask is no dialog");
  return dialog;
}

function closer(text: string): HTMLButtonElement {
  const button = make("button", { type: "button" }, text);
  button.addEventListener("click", closeDialog);
  return button;
}
