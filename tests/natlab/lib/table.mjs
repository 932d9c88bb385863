/** What the lab found, as docs/natlab.md. */
import { cpus, release } from 'node:os';
import { networkOf, networks } from './networks.mjs';

/** "relay", and how its client reaches the relay: udp, tcp, tls, with the port where it is not the usual one. */
export function relayOf({ type, relayProtocol, url }) {
  if (type !== 'relay') return '';
  return /:443\b/.test(url) ? `${relayProtocol} 443` : relayProtocol;
}

const family = (address) => (address?.includes(':') ? 'IPv6' : 'IPv4');

function row({ pair, result }) {
  const titles = pair.map((key) => networkOf(key).title).join(' ↔ ');
  if (!result.connected) return `| ${titles} | **no** | | | | | |`;
  const { a, b, hostMs, guestMs } = result;
  const relays = [relayOf(a), relayOf(b)].map((r) => r || '–').join(' ↔ ');
  const cells = [
    titles,
    'yes',
    `${a.type} ↔ ${b.type}`,
    relays === '– ↔ –' ? '' : relays,
    family(a.address),
    Math.round(guestMs),
    Math.round(hostMs),
  ];
  return `| ${cells.join(' | ')} |`;
}

export function table(runs) {
  return [
    '| networks of A ↔ B | connected | candidates | relay reached by | family | first picture at B, ms | at A, ms |',
    '|---|---|---|---|---|--:|--:|',
    ...runs.map(row),
  ].join('\n');
}

const count = (runs) => `${runs.filter((r) => r.result.connected).length} of ${runs.length} connected.`;

/** @param {{pair: string[], result: object}[]} open @param closed the same with the relay ports closed */
export function document(open, closed) {
  const legend = networks.map((n) => `- **${n.title}**: ${n.about}.`).join('\n');
  const day = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} × ${cpus()[0].model.trim()}, Linux ${release().split('-')[0]}`;
  return `# Who can call whom

By \`script/natlab\`, ${day}, on ${machine}:
two Chromium browsers, each in a network of its own made of network namespaces, call each other through one \`parley serve\`, and a call counts as connected when pictures and sound flow
both ways. \`tests/natlab/selfcheck.test.mjs\` proves that the networks behave as named.

${legend}

A and B are never in the same network, also where both are of one kind: "symmetric NAT ↔ symmetric NAT" is symmetric
NAT on both sides, with two routers. A is in the room when B clicks "join"; from that click on the time to the first
remote picture is counted. The browsers share the machine with the server and each other, so the times compare rows,
not networks out there. Each side says which of its own candidates carries the call: host is the client's own address,
srflx is its address as a STUN server sees it, prflx as only the peer sees it, relay is an address of the relay, with
how the client reaches the relay. The family is that of A's candidate: a client with IPv6 alone has a relayed IPv4
address with which to reach the others.

## Relay ports open

${count(open)}

${table(open)}

## Relay ports closed by the server's firewall

No packet from or to UDP ports of \`turn.relay_ports\` passes, in or out. ${count(closed)}

${table(closed)}
`;
}
