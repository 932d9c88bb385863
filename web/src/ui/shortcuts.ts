/** Keys that work anywhere: single letters unless switched off or typed into a field, and one chord. */

import type { ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Actions, AppState, DeviceKind } from '../state/types';
import { focusKnock } from './call/knocks';
import { isOn } from './parts/device-toggle';
import { debugOpen, openDialog, shortcutsOn } from './view-state';

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox';
  return (
    target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement || target.isContentEditable
  );
}

function isDebugChord(e: KeyboardEvent): boolean {
  return (e.ctrlKey || e.metaKey) && e.shiftKey && !e.altKey && e.key.toLowerCase() === 'd';
}

/** What a single key does; false: nothing. */
function onKey(key: string, state: AppState, actions: Actions): boolean {
  const withDevices = state.page === 'prejoin' || state.page === 'waiting' || state.page === 'call';
  const toggle = (kind: DeviceKind) => {
    if (withDevices) actions.setDevice(kind, !isOn(state.devices[kind]));
    return withDevices;
  };
  switch (key.toLowerCase()) {
    case 'm':
      return toggle('audio');
    case 'v':
      return toggle('video');
    case 'k':
      focusKnock();
      return state.knocks.length > 0;
    case '?':
      openDialog.value = openDialog.value === 'shortcuts' ? null : 'shortcuts';
      return true;
    default:
      return false;
  }
}

export function useShortcuts(state: ReadonlySignal<AppState>, actions: Actions): void {
  useEffect(() => {
    const listen = (e: KeyboardEvent) => {
      if (e.defaultPrevented || e.repeat || e.isComposing) return;
      if (isDebugChord(e)) {
        e.preventDefault();
        debugOpen.value = !debugOpen.value;
        return;
      }
      if (e.ctrlKey || e.metaKey || e.altKey || isTyping(e.target)) return;
      // The list stays in reach when the keys are off: it is where they are switched on again.
      if (!shortcutsOn.value && e.key !== '?') return;
      if (onKey(e.key, state.peek(), actions)) e.preventDefault();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [state, actions]);
}
