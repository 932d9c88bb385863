import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agree, connected, deliver, pair, Side } from './peer.fake';
import { FakeTrack } from './rtc.fake';

test('an offer, an answer, two media in both directions', async () => {
  const { a, b } = pair();
  b.peer.offer();
  await deliver(a, b);
  assert.ok(agree(a, b));
  for (const side of [a, b]) {
    assert.deepEqual(
      side.pc.getTransceivers().map((t) => [t.receiver.track.kind, t.direction]),
      [
        ['audio', 'sendrecv'],
        ['video', 'sendrecv'],
      ],
    );
    assert.equal(side.pc.configuration.bundlePolicy, 'max-bundle');
    assert.equal(side.streams, 1);
    assert.equal((side.peer.stream() as unknown as { tracks: [] }).tracks.length, 2);
    assert.deepEqual(side.faults, []);
  }
});

test('sound has priority on both sides, sound and picture belong together', async () => {
  const { a, b } = await connected();
  for (const side of [a, b]) {
    const [audio, video] = side.pc.getTransceivers();
    assert.equal(audio?.sender.parameters.encodings[0]?.networkPriority, 'high');
    assert.equal(video?.sender.parameters.encodings[0]?.networkPriority, undefined);
    assert.equal(audio?.sender.streams[0], video?.sender.streams[0]);
    assert.ok(audio?.sender.streams[0]);
  }
});

test('an early offer is returned, not sent, and its answer is taken', async () => {
  const { a, b } = pair();
  const sdp = await b.peer.earlyOffer();
  assert.deepEqual(b.outbox, []);
  b.pc.find('one');
  assert.deepEqual(b.kinds, ['candidate']);
  a.peer.receive({ description: { type: 'offer', sdp } });
  await deliver(a, b);
  assert.ok(agree(a, b));
  assert.equal(a.pc.added.length, 1);
});

test('tracks that come before, during and after the negotiation are sent', async () => {
  const { a, b } = pair();
  const mic = new FakeTrack('audio') as unknown as MediaStreamTrack;
  const camera = new FakeTrack('video') as unknown as MediaStreamTrack;
  a.peer.setTrack('audio', mic);
  b.peer.setTrack('audio', mic);
  b.peer.offer();
  await b.settle();
  b.peer.setTrack('video', camera);
  await deliver(a, b);
  a.peer.setTrack('video', camera);
  b.peer.setTrack('audio', null);
  await deliver(a, b);
  const sent = (side: typeof a) => side.pc.getTransceivers().map((t) => t.sender.track);
  assert.deepEqual(sent(a), [mic, camera]);
  assert.deepEqual(sent(b), [null, camera]);
});

test('candidates wait for the description they belong to', async () => {
  const { a, b } = pair();
  b.peer.offer();
  await b.settle();
  b.pc.find('one');
  b.pc.find('two');
  const [offer, ...candidates] = b.outbox.splice(0);
  assert.equal(candidates.length, 2);
  for (const c of candidates) a.peer.receive(c);
  await a.settle();
  assert.equal(a.pc.added.length, 0);
  if (offer) a.peer.receive(offer);
  await deliver(a, b);
  assert.deepEqual(
    a.pc.added.map((c) => (c as { candidate: string }).candidate),
    ['one', 'two'],
  );
});

test('candidates of another generation are left out', async () => {
  const { a, b } = await connected();
  a.peer.receive({ candidate: { candidate: 'x', usernameFragment: 'other' } });
  a.peer.receive({ candidate: { candidate: 'y', usernameFragment: b.pc.fragment } });
  a.peer.receive({ end_of_candidates: true });
  await a.settle();
  assert.deepEqual(
    a.pc.added.map((c) => c && (c as { candidate: string }).candidate),
    ['y', undefined],
  );
});

test('both offer at first: the polite side gives way, with two media and not four', async () => {
  const { a, b } = pair();
  a.peer.offer();
  b.peer.offer();
  await deliver(a, b);
  assert.ok(agree(a, b));
  assert.equal(a.connections.length, 2);
  assert.equal(a.connections[0]?.signalingState, 'closed');
  assert.equal(b.connections.length, 1);
});

test('both restart ICE: one new generation on each side, over the same connections', async () => {
  const { a, b } = await connected();
  const before = [a.pc.fragment, b.pc.fragment];
  a.peer.restart();
  b.peer.restart();
  await deliver(a, b);
  assert.ok(agree(a, b));
  assert.deepEqual([a.connections.length, b.connections.length], [1, 1]);
  assert.notEqual(a.pc.fragment, before[0]);
  assert.notEqual(b.pc.fragment, before[1]);
  assert.equal(b.pc.fragment, before[1]?.replace('g1', 'g2'), 'not restarted twice');
});

test('a restart during a negotiation follows it', async () => {
  const { a, b } = pair();
  b.peer.offer();
  b.peer.restart();
  await deliver(a, b);
  assert.ok(agree(a, b));
  assert.match(b.pc.fragment, /g2$/);
});

test('after the peer’s page was reloaded the new page’s offer is taken', async () => {
  const { a, timers } = await connected();
  a.peer.reset();
  assert.equal(a.peer.link, 'new');
  assert.equal(a.peer.stream(), null);
  const fresh = new Side(false, timers);
  fresh.peer.offer();
  await deliver(a, fresh);
  assert.ok(agree(a, fresh));
  assert.equal(a.streams, 3, 'there, gone, another');
});

test('an offer of another connection replaces ours, whoever is polite and whatever is under way', async () => {
  for (const polite of [true, false])
    for (const restarting of [true, false]) {
      const { a, timers } = await connected();
      a.peer.setPolite(polite);
      if (restarting) a.peer.restart();
      await a.settle();
      a.outbox = []; // it reached nobody
      const fresh = new Side(!polite, timers);
      fresh.peer.offer();
      await deliver(a, fresh);
      assert.ok(agree(a, fresh), `polite ${polite}, restarting ${restarting}`);
    }
});

test('an answer from another connection than ours is tied to: start over', async () => {
  const { a, timers } = await connected();
  const fresh = new Side(false, timers);
  a.peer.restart();
  await deliver(a, fresh);
  assert.ok(agree(a, fresh));
  assert.equal(a.connections.length, 2);
});

test('recover says again what was not answered', async () => {
  const { a, b } = pair();
  b.peer.offer();
  await b.settle();
  b.outbox = []; // lost
  b.peer.recover('broken');
  await deliver(a, b);
  assert.ok(agree(a, b));
});

test('recover from a lost answer', async () => {
  const { a, b } = await connected();
  b.peer.restart();
  await b.settle();
  for (const s of b.outbox.splice(0)) a.peer.receive(s);
  await a.settle();
  a.outbox = []; // lost
  b.peer.recover('broken');
  await deliver(a, b);
  assert.ok(agree(a, b));
  assert.deepEqual([...a.faults, ...b.faults], []);
});

test('recover leaves a path alone that stands, unless told otherwise', async () => {
  const { a, b } = await connected();
  a.peer.recover('broken');
  await a.settle();
  assert.deepEqual(a.outbox, []);
  a.peer.recover('always');
  await a.settle();
  assert.deepEqual(a.kinds, ['offer']);
  await deliver(a, b);
  assert.ok(agree(a, b));
});

test('an answer that comes twice does no harm', async () => {
  const { a, b } = await connected();
  b.peer.receive({ description: { type: 'answer', sdp: a.pc.localDescription?.sdp ?? '' } });
  await b.settle();
  assert.ok(agree(a, b));
  assert.deepEqual(b.faults, []);
  assert.equal(b.connections.length, 1);
});

test('nothing more is said after close, nor after reset by a step of the old connection', async () => {
  const { a, b } = pair();
  b.peer.offer();
  b.peer.reset();
  await b.settle();
  assert.deepEqual(b.outbox, []);
  b.peer.offer();
  b.peer.close();
  await b.settle();
  assert.deepEqual(b.outbox, []);
  a.peer.close();
  a.peer.receive({ end_of_candidates: true });
  a.peer.restart();
  a.peer.reset();
  await a.settle();
  assert.equal(a.connections.length, 1);
  assert.deepEqual(a.faults, []);
});

test('new ICE servers are for the connection at hand and for the next', async () => {
  const { a } = pair();
  const servers = [{ urls: 'turn:x' }];
  a.peer.setIceServers(servers);
  assert.deepEqual(a.pc.configuration.iceServers, servers);
  a.peer.reset();
  assert.deepEqual(a.pc.configuration.iceServers, servers);
  a.peer.close();
  a.peer.setIceServers([]);
});

test('DTLS failed: a new connection on both sides', async () => {
  const { a, b } = await connected();
  b.pc.become('connected', 'failed');
  await deliver(a, b);
  assert.ok(agree(a, b));
  assert.deepEqual([a.connections.length, b.connections.length], [2, 2]);
});

test('the timeline is marked', async () => {
  const { a, b } = await connected();
  for (const side of [a, b])
    for (const mark of ['offer', 'answer', 'ice', 'dtls']) assert.ok(side.marks.includes(mark), mark);
});

test('an offer of sound alone is answered with sound alone', async () => {
  const { a } = pair();
  const sdp = 'v=0\r\no=- 99 2 IN IP4 0.0.0.0\r\na=ice-ufrag:x\r\nm=audio 9 RTP/AVP 0\r\n';
  a.peer.receive({ description: { type: 'offer', sdp } });
  await a.settle();
  assert.deepEqual(a.kinds, ['answer']);
  assert.equal(a.pc.getTransceivers().length, 1);
});
