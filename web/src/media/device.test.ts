import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeDevices } from './devices.fake';

test('both are asked for at once', async () => {
  const bench = new FakeDevices();
  bench.local.start();
  assert.equal(bench.local.devices.audio.status, 'asking');
  await bench.answer();
  assert.deepEqual(bench.asked, ['audio+video']);
  assert.equal(bench.local.devices.audio.status, 'on');
  assert.equal(bench.local.devices.video.status, 'on');
  assert.equal(bench.local.track('audio')?.kind, 'audio');
  assert.deepEqual(
    bench.sent.map(([kind, live]) => [kind, live]),
    [
      ['audio', true],
      ['video', true],
    ],
  );
});

test('a missing camera does not cost the microphone', async () => {
  const bench = new FakeDevices();
  bench.refuse.video = 'NotFoundError';
  bench.local.start();
  await bench.answer();
  const { audio, video } = bench.local.devices;
  assert.deepEqual([audio.status, video.status, video.problem], ['on', 'problem', 'none']);
});

test('each failure is named', async () => {
  for (const [error, problem] of [
    ['NotAllowedError', 'denied'],
    ['NotFoundError', 'none'],
    ['NotReadableError', 'busy'],
    ['AbortError', 'busy'],
    ['SecurityError', 'insecure'],
    ['SomethingError', 'failed'],
  ] as const) {
    const bench = new FakeDevices({ audio: false });
    bench.refuse.video = error;
    bench.local.start();
    await bench.answer();
    assert.equal(bench.local.devices.video.problem, problem, error);
  }
});

test('a no to both is not asked again, one that was settled before is no reason to lose the other', async () => {
  const bench = new FakeDevices();
  bench.refuse.audio = bench.refuse.video = 'NotAllowedError';
  bench.local.start();
  await bench.answer();
  assert.deepEqual(bench.asked, ['audio+video']);
  assert.equal(bench.local.devices.audio.problem, 'denied');

  const blocked = new FakeDevices();
  blocked.permission.camera = 'denied';
  blocked.refuse.video = 'NotAllowedError';
  blocked.local.start();
  await blocked.answer();
  assert.deepEqual(blocked.asked, ['audio+video', 'audio', 'video']);
  assert.equal(blocked.local.devices.audio.status, 'on');
  assert.equal(blocked.local.devices.video.problem, 'denied');
});

test('insecure and unsupported pages ask for nothing', () => {
  for (const [scope, problem] of [
    [{ isSecureContext: false }, 'insecure'],
    [{ RTCPeerConnection: undefined }, 'unsupported'],
  ] as const) {
    const bench = new FakeDevices({}, scope);
    bench.local.start();
    bench.local.set('audio', true);
    assert.equal(bench.local.devices.audio.problem, problem);
    assert.equal(bench.local.devices.video.problem, problem);
    assert.deepEqual(bench.asked, []);
  }
});

test('camera off stops the track, on opens it anew', async () => {
  const bench = new FakeDevices();
  bench.local.start();
  await bench.answer();
  const first = bench.local.track('video');
  bench.local.set('video', false);
  assert.equal(first?.readyState, 'ended');
  assert.equal(bench.local.track('video'), null);
  assert.equal(bench.local.stream(), null);
  assert.deepEqual(bench.sent.at(-1), ['video', false]);
  const { streamVersion } = bench.local.devices;
  bench.local.set('video', true);
  await bench.answer();
  assert.notEqual(bench.local.track('video'), first);
  assert.ok(bench.local.devices.streamVersion > streamVersion);
});

test('in a call the microphone is silenced, outside it is closed', async () => {
  const bench = new FakeDevices();
  bench.local.start();
  await bench.answer();
  bench.local.keepMicrophone(true);
  const mic = bench.local.track('audio');
  bench.local.set('audio', false);
  assert.deepEqual([mic?.enabled, mic?.readyState, bench.local.devices.audio.status], [false, 'live', 'off']);
  bench.local.set('audio', true);
  assert.deepEqual([mic?.enabled, bench.local.devices.audio.status], [true, 'on']);
  bench.local.set('audio', false);
  bench.local.keepMicrophone(false);
  assert.equal(mic?.readyState, 'ended');
});

test('an answer that comes after the person has decided otherwise: the light goes out', async () => {
  const bench = new FakeDevices({ audio: false });
  bench.local.start();
  bench.local.set('video', false);
  await bench.answer();
  assert.equal(bench.made[0]?.readyState, 'ended');
  assert.equal(bench.local.devices.video.status, 'off');
  bench.local.set('video', true);
  bench.local.stop();
  await bench.answer();
  assert.ok(bench.made.every((t) => t.readyState === 'ended'));
});

test('unplugged in mid-call: another one is taken, or the problem is told and heals', async () => {
  const bench = new FakeDevices();
  bench.local.start();
  await bench.answer();
  bench.now += 60_000;
  bench.unplug('audio');
  await bench.answer();
  assert.equal(bench.local.devices.audio.status, 'on', 'the other microphone');
  bench.now += 60_000;
  bench.refuse.audio = 'NotFoundError';
  bench.unplug('audio');
  await bench.answer();
  assert.equal(bench.local.devices.audio.problem, 'none');
  assert.deepEqual(bench.sent.at(-1), ['audio', false]);
  delete bench.refuse.audio;
  bench.deviceChange();
  await bench.answer();
  assert.equal(bench.local.devices.audio.status, 'on');
  assert.deepEqual(bench.sent.at(-1), ['audio', true]);
});

test('a track that ends at once is not opened for ever', async () => {
  const bench = new FakeDevices({ audio: false });
  bench.local.start();
  await bench.answer();
  bench.unplug('video');
  await bench.answer();
  assert.equal(bench.local.devices.video.problem, 'failed');
  assert.equal(bench.asked.length, 1);
});

test('a permission given later is taken up', async () => {
  const bench = new FakeDevices({ audio: false });
  bench.refuse.video = 'NotAllowedError';
  bench.local.start();
  await bench.answer();
  assert.equal(bench.local.devices.video.problem, 'denied');
  delete bench.refuse.video;
  bench.grant('camera');
  await bench.answer();
  assert.equal(bench.local.devices.video.status, 'on');
});

test('choices are remembered', async () => {
  const bench = new FakeDevices();
  bench.local.choose('audio', 'mic2');
  bench.local.choose('speaker', 'sp1');
  bench.local.set('video', false);
  const again = new FakeDevices({}, {}, bench.store);
  assert.equal(again.local.devices.audio.deviceId, 'mic2');
  assert.equal(again.local.devices.speakerId, 'sp1');
  assert.equal(again.local.devices.video.wanted, false);
  again.local.start();
  await again.answer();
  assert.deepEqual(again.asked, ['audio=mic2']);
});

test('a chosen device that is gone is replaced by any', async () => {
  const bench = new FakeDevices({ video: false });
  bench.local.choose('audio', 'gone');
  bench.local.start();
  await bench.answer();
  assert.deepEqual(bench.asked, ['audio=gone', 'audio']);
  assert.equal(bench.local.devices.audio.status, 'on');
});

test('choosing another device in mid-call opens it', async () => {
  const bench = new FakeDevices();
  bench.local.start();
  await bench.answer();
  const old = bench.local.track('video');
  bench.local.choose('video', 'cam2');
  await bench.answer();
  assert.equal(old?.readyState, 'ended');
  assert.equal(bench.asked.at(-1), 'video=cam2');
  assert.equal(bench.local.devices.video.status, 'on');
});

test('devices are listed with names, once they may be known', async () => {
  const bench = new FakeDevices();
  bench.local.start();
  await bench.answer();
  const { microphones, cameras, speakers } = bench.local.devices;
  assert.deepEqual(microphones, [
    { deviceId: 'mic1', label: 'Built-in' },
    { deviceId: 'mic2', label: 'Microphone 2' },
  ]);
  assert.deepEqual(cameras, [{ deviceId: 'cam1', label: 'Camera 1' }]);
  assert.deepEqual(speakers, [{ deviceId: 'sp1', label: 'Speaker 1' }]);
});
