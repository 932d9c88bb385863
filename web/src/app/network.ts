/** Signs that the network has changed, or that the page has slept. */

export interface NetworkEvents {
  /** @certain: another network; otherwise only a sign that it may be one. */
  networkChanged(certain: boolean): void;
  pageShown(fromCache: boolean): void;
  pageHides(): void;
}

/** Not in all browsers, nor in TypeScript's library. */
interface Connection extends EventTarget {
  readonly type?: string;
}

export function watchNetwork(events: NetworkEvents): void {
  addEventListener('online', () => events.networkChanged(true));
  const { connection } = navigator as Navigator & { readonly connection?: Connection };
  let type = connection?.type;
  connection?.addEventListener('change', () => {
    // The event also comes for every new estimate of the speed; only where a type is told is it sure.
    events.networkChanged(connection.type !== type);
    type = connection.type;
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') events.pageShown(false);
  });
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) events.pageShown(true);
  });
  addEventListener('pagehide', () => events.pageHides());
}
