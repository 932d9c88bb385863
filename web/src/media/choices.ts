/** What people chose the last time, kept in the browser: which devices, and whether they were on. */
import type { DeviceKind } from './port';

export interface Choices {
  readonly ids: Readonly<Record<DeviceKind | 'speaker', string>>;
  readonly on: Readonly<Record<DeviceKind, boolean>>;
}

export interface TextStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const KEY = 'parley.devices';
const DEFAULT: Choices = { ids: { audio: '', video: '', speaker: '' }, on: { audio: true, video: true } };

const textOf = (v: unknown): string => (typeof v === 'string' ? v : '');
const field = (v: unknown, name: string): unknown =>
  typeof v === 'object' && v !== null ? (v as Record<string, unknown>)[name] : undefined;

/** Anything odd in the store counts as nothing chosen. */
export function loadChoices(store: TextStore): Choices {
  let raw: unknown;
  try {
    raw = JSON.parse(store.getItem(KEY) ?? 'null');
  } catch {
    return DEFAULT; // not ours, or the store is closed to us
  }
  const ids = field(raw, 'ids');
  const on = field(raw, 'on');
  return {
    ids: {
      audio: textOf(field(ids, 'audio')),
      video: textOf(field(ids, 'video')),
      speaker: textOf(field(ids, 'speaker')),
    },
    on: { audio: field(on, 'audio') !== false, video: field(on, 'video') !== false },
  };
}

export function saveChoices(store: TextStore, choices: Choices): void {
  try {
    store.setItem(KEY, JSON.stringify(choices));
  } catch (error) {
    console.warn('parley: choices are not remembered:', error); // full, or private mode
  }
}
