/**
 * A door for tests and for people who look into a problem; only with `?debug`, or `parley.debug` = `1` in
 * localStorage. It shows nothing that a script of the page could not have anyway.
 */
import type { AppState, TimelineEntry } from '../state/types';
import { localStore } from './surroundings';

export interface DebugDoor {
  state(): AppState;
  timeline(): readonly TimelineEntry[];
  pcs(): RTCPeerConnection[];
  /** As if the network had dropped the WebSocket. */
  wsDrop(): void;
}

function wanted(): boolean {
  if (new URLSearchParams(location.search).has('debug')) return true;
  try {
    return localStore.getItem('parley.debug') === '1';
  } catch {
    return false; // storage is forbidden: then nobody has set it
  }
}

export function openDebugDoor(door: DebugDoor): void {
  if (wanted()) Object.assign(window, { __parley: door });
}
