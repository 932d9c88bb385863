/** Short words to the person, and what goes on the clipboard. */
import type { Store } from './events';
import type { Surroundings } from './ports';
import type { Notice } from './types';

export class Voice {
  readonly #store: Store;
  readonly #around: Surroundings;

  constructor(store: Store, around: Surroundings) {
    this.#store = store;
    this.#around = around;
  }

  say(text: string, kind: Notice['kind'] = 'info'): void {
    this.#store.dispatch({ type: 'notice', text, kind });
  }

  /** Put @text on the clipboard, and say whether that worked. */
  copy(text: string, copied: string, failed: string): void {
    this.#around.copy(text).then(
      () => this.say(copied),
      () => this.say(failed, 'warning'),
    );
  }
}
