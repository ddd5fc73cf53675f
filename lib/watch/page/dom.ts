/**
 * Elements: made once, and touched only where something has changed.
 *
 * @module
 */

/** What can be said of an element when it is made. */
export interface Attributes {
  /** `false` leaves the attribute out, `true` is one without a value. */
  readonly [name: string]: string | number | boolean;
}

/** Makes an element; children that are text stay text. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** Makes an element of a drawing. */
export function draw<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Node[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** The element of the page with an id. */
export function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`No element #${id}`);
  return element;
}

/** Says something, unless it is said already; in the node that says it, so that no nodes come and go. */
export function setText(element: Element, text: string): void {
  const { firstChild } = element;
  if (firstChild instanceof Text && firstChild === element.lastChild) {
    if (firstChild.data !== text) firstChild.data = text;
  } else if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute, unless it is set so already. */
export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Puts rows into a list so that there is one for each item; rows that stay are kept. */
export function setRows<Item, Row extends { readonly element: Element }>(
  list: Element,
  rows: Row[],
  items: readonly Item[],
  makeRow: () => Row,
  fill: (row: Row, item: Item) => void,
): void {
  while (rows.length > items.length) rows.pop()?.element.remove();
  items.forEach((item, at) => {
    let row = rows[at];
    if (row === undefined) {
      row = makeRow();
      rows.push(row);
      list.append(row.element);
    }
    fill(row, item);
  });
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
}
