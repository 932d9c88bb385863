import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiFault } from '../state/types';
import { faultText } from './text-forms';

const fault = (code: string, more: Partial<ApiFault> = {}): ApiFault => ({
  code,
  status: 400,
  fields: {},
  ...more,
});

test('when to try again is said in words', () => {
  for (const [seconds, words] of [
    [0, 'in a second'],
    [1, 'in a second'],
    [42, 'in 42 seconds'],
    [60, 'in a minute'],
    [61, 'in 2 minutes'],
    [3600, 'in an hour'],
    [3601, 'in 2 hours'],
    [86400, 'in 24 hours'],
  ] as const) {
    const said = faultText(fault('too_many', { status: 429, retryAfterS: seconds }));
    assert.ok(said.endsWith(`${words}.`), said);
  }
  assert.match(faultText(fault('unavailable', { status: 503 })), /in a little while\.$/);
});

test('too many of something is not too often', () => {
  assert.notEqual(
    faultText(fault('too_many', { status: 409 })),
    faultText(fault('too_many', { status: 429 })),
  );
});

test('a form’s own words come first, then ours, then the server’s', () => {
  assert.equal(faultText(fault('forbidden'), { forbidden: 'Mine.' }), 'Mine.');
  assert.match(faultText(fault('forbidden', { detail: 'Theirs.' })), /may not/);
  assert.equal(faultText(fault('odd', { detail: 'Theirs.' })), 'Theirs.');
  for (const code of ['odd', 'constructor', '__proto__'])
    assert.match(faultText(fault(code)), /did not work/);
});
