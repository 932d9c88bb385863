/** What only the interface knows: which dialog is open, whether key shortcuts are wanted. Nothing of it is the app's. */
import { signal } from '@preact/signals';

export type DialogName = 'people' | 'settings' | 'shortcuts';

export const openDialog = signal<DialogName | null>(null);
export const debugOpen = signal(new URLSearchParams(location.search).has('debug'));

const SHORTCUTS_KEY = 'parley.shortcuts';

function readShortcuts(): boolean {
  try {
    return localStorage.getItem(SHORTCUTS_KEY) !== 'off';
  } catch {
    return true; // storage is blocked: the default then lasts as long as the page
  }
}

export const shortcutsOn = signal(readShortcuts());

export function setShortcuts(on: boolean): void {
  shortcutsOn.value = on;
  try {
    localStorage.setItem(SHORTCUTS_KEY, on ? 'on' : 'off');
  } catch {
    // storage is blocked; the choice holds for this page
  }
}
