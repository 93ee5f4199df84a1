import { inspect } from 'node:util'

/**
 * A value that must not be seen. Printing it in any usual way (template string, JSON, console, error message) shows `***`; only
 * `reveal()` gives the text, and is called where it is used. // I6
 */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }

  [inspect.custom](): string {
    return '***'
  }
}
