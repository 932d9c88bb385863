import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadChoices, saveChoices } from './choices';
import { levelOf } from './meter';
import { fragmentsOf, sameFragments, sessionOf } from './sdp';
import { describeStats, receivedBytes } from './stats';
import { Timeline } from './timeline';

const storeOf = (text: string | null) => ({ getItem: () => text, setItem: () => undefined });

test('odd choices count as none', () => {
  for (const text of [null, '', '{', '7', '[]', '{"ids":5,"on":"x"}', '{"ids":{"audio":7}}']) {
    const choices = loadChoices(storeOf(text));
    assert.deepEqual(choices, {
      ids: { audio: '', video: '', speaker: '' },
      on: { audio: true, video: true },
    });
  }
});

test('a store that is closed to us does no harm', () => {
  const closed = {
    getItem(): string {
      throw new Error('SecurityError');
    },
    setItem(): void {
      throw new Error('QuotaExceededError');
    },
  };
  const choices = loadChoices(closed);
  assert.equal(choices.on.audio, true);
  const { warn } = console;
  let warned = 0;
  console.warn = () => warned++;
  saveChoices(closed, choices);
  console.warn = warn;
  assert.equal(warned, 1);
});

test('the level: silence, speech, a scream', () => {
  assert.equal(levelOf(new Float32Array(512)), 0);
  assert.equal(levelOf(new Float32Array(512).fill(1)), 1);
  const quiet = levelOf(new Float32Array(512).fill(0.01));
  const loud = levelOf(new Float32Array(512).fill(0.1));
  assert.ok(quiet > 0.2 && quiet < loud && loud < 1, `${quiet} ${loud}`);
});

test('a description tells its connection and its ICE generations', () => {
  const sdp = 'v=0\r\no=mozilla 123 0 IN IP4 0.0.0.0\r\na=ice-ufrag:ab\r\nm=audio\r\na=ice-ufrag:cd\r\n';
  assert.equal(sessionOf(sdp), 'mozilla 123');
  assert.equal(sessionOf(sdp.replace('123 0', '123 1')), 'mozilla 123', 'the version is another matter');
  assert.deepEqual([...fragmentsOf(sdp)], ['ab', 'cd']);
  assert.equal(sameFragments(sdp, sdp), true);
  assert.equal(sameFragments(sdp, sdp.replace('cd', 'ef')), false);
});

test('the timeline counts from the click, and the first time of each counts', () => {
  const timeline = new Timeline(performance);
  timeline.mark('ws');
  timeline.mark('click');
  timeline.mark('offer');
  const [ws, click, offer] = timeline.entries();
  assert.deepEqual([ws?.name, click?.name, offer?.name], ['ws', 'click', 'offer']);
  assert.ok((ws?.ms ?? 1) <= 0 && click?.ms === 0 && (offer?.ms ?? -1) >= 0);
  timeline.mark('offer');
  assert.equal(timeline.entries().length, 3);
  assert.equal(timeline.entries()[2]?.ms, offer?.ms);
  timeline.mark('click');
  assert.deepEqual(
    timeline.entries().map((e) => e.name),
    ['ws', 'click'],
  );
  performance.clearMarks();
});

test('statistics in words', () => {
  const report = new Map<string, object>(
    [
      { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
      {
        id: 'P',
        type: 'candidate-pair',
        localCandidateId: 'L',
        remoteCandidateId: 'R',
        currentRoundTripTime: 0.0123,
      },
      { id: 'Q', type: 'candidate-pair', bytesReceived: 7 },
      { id: 'L', type: 'local-candidate', candidateType: 'relay', protocol: 'udp', relayProtocol: 'tcp' },
      { id: 'R', type: 'remote-candidate', candidateType: 'host', protocol: 'udp' },
      { id: 'C', type: 'codec', mimeType: 'video/VP8' },
      {
        id: 'V',
        type: 'inbound-rtp',
        kind: 'video',
        codecId: 'C',
        bytesReceived: 9,
        frameWidth: 640,
        frameHeight: 480,
      },
    ].map((e) => [e.id, e]),
  ) as unknown as RTCStatsReport;
  assert.deepEqual(describeStats(report), {
    local: 'relay udp via tcp',
    remote: 'host udp',
    'round trip': '12 ms',
    'video in': 'VP8, 640×480, 9 bytes',
  });
  assert.equal(receivedBytes(report), 7);
});
