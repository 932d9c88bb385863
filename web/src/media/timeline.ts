/** The call's timeline, kept as `performance.mark`s named `parley:…` so that tests and profilers see it too. */
import type { CallTimeline, Mark, TimelineEntry } from './port';

const PREFIX = 'parley:';
/** These may well come before the click, and belong to the call all the same. */
const KEPT_BY_CLICK: readonly string[] = [`${PREFIX}ws`, `${PREFIX}media`];

export class Timeline implements CallTimeline {
  readonly #performance: Performance;

  constructor(performance: Performance) {
    this.#performance = performance;
  }

  mark(name: Mark): void {
    if (name === 'click') this.#begin();
    if (this.#marks().every((m) => m.name !== PREFIX + name)) this.#performance.mark(PREFIX + name);
  }

  entries(): readonly TimelineEntry[] {
    const marks = this.#marks();
    const zero = marks.find((m) => m.name === `${PREFIX}click`)?.startTime ?? 0;
    return marks.map((m) => ({ name: m.name.slice(PREFIX.length), ms: m.startTime - zero }));
  }

  #begin(): void {
    for (const { name } of this.#marks())
      if (!KEPT_BY_CLICK.includes(name)) this.#performance.clearMarks(name);
  }

  #marks(): PerformanceEntryList {
    return this.#performance.getEntriesByType('mark').filter((m) => m.name.startsWith(PREFIX));
  }
}
