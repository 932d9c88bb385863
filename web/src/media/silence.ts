/** Tells when nothing has come over a connection for a while. */

export type After = (ms: number, call: () => void) => () => void;

export const SILENCE_MS = 1_500;
const LOOK_MS = 500;

export class SilenceWatch {
  readonly #after: After;
  readonly #bytes: () => Promise<number>;
  readonly #onSilence: () => void;
  #run: object | undefined; // identifies the watch under way
  #cancel: (() => void) | undefined;

  /** @param bytes all that has been received so far. */
  constructor(after: After, bytes: () => Promise<number>, onSilence: () => void) {
    this.#after = after;
    this.#bytes = bytes;
    this.#onSilence = onSilence;
  }

  /** @param once: enough as soon as something comes; otherwise look on until stop(). */
  start(once: boolean): void {
    if (this.#run) return;
    const run = {};
    this.#run = run;
    void this.#look(run, once, undefined, 0);
  }

  stop(): void {
    this.#run = undefined;
    this.#cancel?.();
  }

  async #look(run: object, once: boolean, before: number | undefined, silentMs: number): Promise<void> {
    const now = await this.#bytes();
    if (this.#run !== run) return;
    const came = before !== undefined && now > before;
    const silent = before === undefined || came ? 0 : silentMs + LOOK_MS;
    if (silent >= SILENCE_MS || (came && once)) this.stop();
    else this.#cancel = this.#after(LOOK_MS, () => void this.#look(run, once, now, silent));
    if (silent >= SILENCE_MS) this.#onSilence();
  }
}
