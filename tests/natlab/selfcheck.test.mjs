/**
 * Does each network behave as its name says? Small probes from a client of it to the server and back. That something
 * does not get through is seen at the router, which counts what it refuses.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inside, Lab, SERVER } from './lib/lab.mjs';
import { networkOf } from './lib/networks.mjs';
import { eventually, Probe } from './lib/probe.mjs';

const TCP_PORTS = [443, 3478, 5349];
const UDP_PORT = 3478;
const OTHER_PORT = 3479;
let lab;
let server;
/** Sockets of the server by "address port"; all answer. */
const listening = new Map();

before(async () => {
  lab = new Lab();
  for (const [address, bits] of [
    [SERVER.other.v4, 24],
    [SERVER.other.v6, 64],
  ])
    inside(SERVER.namespace, ['ip', 'address', 'add', `${address}/${bits}`, 'dev', 'eth0', 'nodad']);
  server = new Probe(SERVER.namespace);
  for (const address of [SERVER.v4, SERVER.v6, SERVER.other.v4, SERVER.other.v6]) {
    for (const port of [UDP_PORT, OTHER_PORT, 443, 50_000])
      listening.set(`${address} ${port}`, await server.bind(address, port, true));
    for (const port of TCP_PORTS) await server.serve(address, port);
  }
});
after(async () => {
  await server?.stop();
  lab?.demolish();
});

/** A client of a network, with a UDP socket. */
async function clientOf(t, key, side = 'a') {
  const site = lab.site(key, side);
  const probe = new Probe(site.client);
  t.after(() => probe.stop());
  const family = site.v4 ? 'v4' : 'v6';
  const own = site[family];
  const udp = await probe.bind(own);
  return { site, probe, udp, own, to: SERVER[family], other: SERVER.other[family] };
}

/** Where three different destinations see one socket of the client. */
async function mappings({ probe, udp, to, other }) {
  const seen = [];
  for (const [address, port] of [
    [to, UDP_PORT],
    [to, OTHER_PORT],
    [other, UDP_PORT],
  ])
    seen.push(await probe.ask(udp, address, port));
  return seen;
}

/** What the server sends from somewhere that the client never wrote to is refused by the router. */
async function strangersAreRefused({ site, probe, udp, other }, seen) {
  const stranger = listening.get(`${other} ${OTHER_PORT}`);
  const before = lab.dropped(site);
  await server.send(stranger, seen.address, seen.port, 'unasked');
  await eventually(() => lab.dropped(site) > before, 'the router to refuse a packet');
  // What came later over the same path has arrived: so would have the refused one.
  await probe.ask(udp, other, UDP_PORT);
  assert.ok(!probe.heardBy(udp).some((h) => h.text === 'unasked'));
}

async function udpIsRefused({ site, probe, udp, to }, port) {
  const { socket } = listening.get(`${to} ${port}`);
  const before = lab.dropped(site);
  const heard = server.heardBy({ socket }).length;
  await probe.send(udp, to, port);
  await eventually(() => lab.dropped(site) > before, 'the router to refuse a packet');
  assert.equal(server.heardBy({ socket }).length, heard);
}

async function tcpIsRefused({ site, probe, to }, port) {
  const before = lab.dropped(site);
  const made = await probe.dialInVain(to, port, () =>
    eventually(() => lab.dropped(site) > before, 'the router to refuse a connection'),
  );
  assert.equal(made, false, `TCP ${port} was connected`);
}

async function tcpWorks({ site, probe, own, to }, ports) {
  for (const port of ports) {
    const { address } = await probe.dial(to, port);
    assert.equal(address, site.v4 ? site.seen4 : own);
  }
}

const set = (seen, name) => new Set(seen.map((s) => s[name]));

test('open: seen under its own address and port, in both families, and anybody may write to it', async (t) => {
  const client = await clientOf(t, 'open');
  const { site, probe, udp, own, other } = client;
  for (const seen of await mappings(client)) assert.deepEqual(seen, { address: own, port: udp.port });
  const six = await probe.bind(site.v6);
  assert.deepEqual(await probe.ask(six, SERVER.v6, UDP_PORT), { address: site.v6, port: six.port });
  await server.send(listening.get(`${other} ${OTHER_PORT}`), own, udp.port, 'unasked');
  await eventually(() => probe.heardBy(udp).some((h) => h.text === 'unasked'), 'an unasked packet');
  await tcpWorks(client, TCP_PORTS);
});

test('NAT, endpoint-independent: one address and port for all destinations, strangers refused', async (t) => {
  const client = await clientOf(t, 'eim');
  const seen = await mappings(client);
  assert.deepEqual([...set(seen, 'address')], [client.site.seen4]);
  assert.notEqual(client.site.seen4, client.own);
  assert.equal(set(seen, 'port').size, 1);
  await strangersAreRefused(client, seen[0]);
  assert.deepEqual(await mappings(client), seen, 'the refused packet changed the mapping');
  await tcpWorks(client, TCP_PORTS);
});

test('NAT, endpoint-independent: two of them reach each other once both have sent', async (t) => {
  const [a, b] = [await clientOf(t, 'eim', 'a'), await clientOf(t, 'eim', 'b')];
  const [seenA] = await mappings(a);
  const [seenB] = await mappings(b);
  const before = lab.dropped(b.site);
  await a.probe.send(a.udp, seenB.address, seenB.port, 'first');
  await eventually(() => lab.dropped(b.site) > before, 'the first packet to be refused');
  await b.probe.send(b.udp, seenA.address, seenA.port, 'second');
  await eventually(() => a.probe.heardBy(a.udp).some((h) => h.text === 'second'), 'the second packet');
  await a.probe.send(a.udp, seenB.address, seenB.port, 'third');
  await eventually(() => b.probe.heardBy(b.udp).some((h) => h.text === 'third'), 'the third packet');
});

for (const key of ['symmetric', 'symmetric2']) {
  test(`${networkOf(key).title}: another port for each destination, strangers refused`, async (t) => {
    const client = await clientOf(t, key);
    const seen = await mappings(client);
    assert.deepEqual([...set(seen, 'address')], [client.site.seen4]);
    assert.equal(set(seen, 'port').size, 3);
    await strangersAreRefused(client, seen[0]);
    await tcpWorks(client, TCP_PORTS);
  });
}

test('symmetric NAT, twice: both routers translate', async (t) => {
  const client = await clientOf(t, 'symmetric2');
  const before = lab.mapped(client.site);
  assert.equal(before.length, 2);
  await mappings(client);
  assert.deepEqual(
    lab.mapped(client.site),
    before.map((n) => n + 3),
  );
});

test('UDP blocked: no UDP to any port, all of TCP', async (t) => {
  const client = await clientOf(t, 'no-udp');
  for (const port of [UDP_PORT, 443, 50_000]) await udpIsRefused(client, port);
  await tcpWorks(client, TCP_PORTS);
});

test('only TCP 443: no UDP, not even to port 443, and no other TCP', async (t) => {
  const client = await clientOf(t, 'tcp-443');
  for (const port of [UDP_PORT, 443, 50_000]) await udpIsRefused(client, port);
  for (const port of [3478, 5349]) await tcpIsRefused(client, port);
  await tcpWorks(client, [443]);
});

test('IPv6 only: its own address, strangers refused, and no IPv4 at all', async (t) => {
  const client = await clientOf(t, 'ipv6');
  const seen = await mappings(client);
  for (const one of seen) assert.deepEqual(one, { address: client.own, port: client.udp.port });
  await strangersAreRefused(client, seen[0]);
  await tcpWorks(client, TCP_PORTS);
  await assert.rejects(client.probe.dial(SERVER.v4, 443), /ENETUNREACH/);
});

test('networks that are not IPv6 only or open have no IPv6 at all', async (t) => {
  const { probe } = await clientOf(t, 'eim');
  await assert.rejects(probe.dial(SERVER.v6, 443), /ENETUNREACH|EADDRNOTAVAIL/);
});

test("the server's firewall can close the relay ports and nothing else", async (t) => {
  const { probe, udp, to } = await clientOf(t, 'open');
  await probe.ask(udp, to, 50_000);
  lab.closeRelayPorts();
  t.after(() => lab.openRelayPorts());
  const { socket } = listening.get(`${to} 50000`);
  const heard = server.heardBy({ socket }).length;
  await probe.send(udp, to, 50_000);
  await eventually(() => lab.droppedAtServer() > 0, 'the firewall to refuse a packet');
  assert.equal(server.heardBy({ socket }).length, heard);
  await probe.ask(await probe.bind(lab.site('open').v4), to, UDP_PORT);
});

test('there is no way out of the lab', () => {
  for (const target of ['192.0.43.7', '2001:500:88:200::7']) {
    assert.throws(() => inside(lab.core, ['ip', 'route', 'get', target]), /unreachable/);
  }
});
