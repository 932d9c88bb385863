/** Steps and expectations that the call tests share. They wait for what must become true, never for time. */
import assert from 'node:assert/strict';
import { mediaTotals, remotePicture } from './instrument.mjs';

/** Open a room's link and go in under a name. What comes next (call, waiting, ended) is the test's business. */
export async function enter(page, url, name) {
  await page.goto(url);
  await page.fill('prejoin-name', name);
  await page.click('prejoin-join');
}

/** Host in the room, guest admitted where the room asks for it; both see each other's media. */
export async function startCall(host, guest, room) {
  await enter(host, room.url, 'Ada');
  await host.shown('call');
  await enter(guest, room.url, 'Bob');
  await Promise.race([guest.shown('call'), guest.shown('waiting')]);
  if (await guest.evaluate(() => document.querySelector('[data-testid="waiting"]') !== null)) {
    await host.click('knock-admit');
  }
  await guest.shown('call');
  await Promise.all([mediaFlows(host), mediaFlows(guest)]);
}

export const totals = (page) => page.evaluate(mediaTotals);

/** Another ten frames are decoded from now on. */
export async function framesRise(page) {
  const before = await totals(page);
  await page.until(
    `(async () => (await (${mediaTotals})()).framesDecoded > ${before.framesDecoded + 10})()`,
    undefined,
    'frames decoded to rise',
  );
}

/** The remote picture is not the same any more. */
export async function pictureChanges(page) {
  await page.until(remotePicture, undefined, 'a remote picture');
  const first = JSON.stringify(await page.evaluate(remotePicture));
  await page.until(
    `(() => { const p = (${remotePicture})(); return p !== null && JSON.stringify(p) !== ${JSON.stringify(first)}; })()`,
    undefined,
    'the remote picture to change',
  );
}

/** Mean power of the remote audio over the next `seconds` of played sound, full scale = 1. */
export async function audioPower(page, seconds = 2) {
  const before = await totals(page);
  await page.until(
    `(async () => (await (${mediaTotals})()).audioSamples > ${before.audioSamples + seconds})()`,
    undefined,
    'audio to be played',
  );
  const after = await totals(page);
  return (after.audioEnergy - before.audioEnergy) / (after.audioSamples - before.audioSamples);
}

/** About −60 dBFS: both browsers' fake microphones beep well above it, silence is zero or comfort noise far below. */
export const SILENCE = 1e-6;

export async function heard(page) {
  for (let i = 0; i < 8; i++) {
    if ((await audioPower(page)) > SILENCE) return;
  }
  assert.fail(`${page.kind} hears nothing`);
}

export async function silent(page) {
  let power = 1;
  for (let i = 0; i < 5 && power > SILENCE / 100; i++) power = await audioPower(page);
  assert.ok(power <= SILENCE / 100, `${page.kind} still hears something: ${power}`);
}

export async function mediaFlows(page) {
  await framesRise(page);
  await heard(page);
}

/** No script error and nothing that the browser refused for the page's security policy. */
export function noProblems(...pages) {
  for (const page of pages) {
    const real = page.problems.filter(
      (p) => !/WebSocket|ERR_CONNECTION|NetworkError|can.t establish/i.test(p),
    );
    assert.deepEqual(real, [], `${page.kind} reported problems`);
  }
}
