/**
 * The networks that people are on. Each is a chain of routers between a client and the internet; a router is its
 * nftables rules. Interface `down` looks towards the client, `up` towards the internet. Counter `dropped` counts what
 * a router refused, so that a test can wait until a packet has been refused instead of for time to pass; `mapped` the
 * flows that it translated.
 */

/** What a router does that lets nobody in who was not written to first: conntrack knows address and port. */
const stateful = `
  chain input {
    type filter hook input priority 0; policy accept;
    iifname "up" meta l4proto { tcp, udp } ct state { new, invalid } counter name dropped drop
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname "up" meta l4proto { tcp, udp } ct state { new, invalid } counter name dropped drop
  }`;

/** As `stateful`, and from inside only what `allowed` lets through. */
const walled = (allowed) => `
  chain input {
    type filter hook input priority 0; policy accept;
    iifname "up" meta l4proto { tcp, udp } ct state { new, invalid } counter name dropped drop
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    ${allowed}
    counter name dropped drop
  }`;

const nat = (how) => `
  chain nat {
    type nat hook postrouting priority 100; policy accept;
    oifname "up" counter name mapped ${how}
  }`;

const router = (...chains) =>
  `table inet lab {\n  counter dropped { }\n  counter mapped { }${chains.join('')}\n}\n`;

/**
 * Port numbers are kept where they are free, and with one client behind the router they always are: the mapping does
 * not depend on the destination. `stateful` keeps strangers' packets from taking an entry, and with it the port.
 */
const endpointIndependent = router(stateful, nat('masquerade'));
/** A random port for each conntrack entry, so for each destination. */
const symmetric = router(stateful, nat('masquerade fully-random'));

/**
 * @typedef {object} Network
 * @property {string} key
 * @property {string} title
 * @property {string} about for the table's legend
 * @property {string[]} families what the client has: 4, 6
 * @property {boolean} isPrivate the client's IPv4 address is one of a private range
 * @property {string[]} routers rules, from the client outwards
 */

/** @type {Network[]} */
export const networks = [
  {
    key: 'open',
    title: 'open',
    about: 'public IPv4 and IPv6 addresses, nothing filtered',
    families: ['4', '6'],
    isPrivate: false,
    routers: [router()],
  },
  {
    key: 'eim',
    title: 'NAT, endpoint-independent',
    about: 'a home router: one mapping for all destinations, replies only from where something was sent to',
    families: ['4'],
    isPrivate: true,
    routers: [endpointIndependent],
  },
  {
    key: 'symmetric',
    title: 'symmetric NAT',
    about: 'a mapping with a random port for each destination, filtered by connection tracking',
    families: ['4'],
    isPrivate: true,
    routers: [symmetric],
  },
  {
    key: 'symmetric2',
    title: 'symmetric NAT, twice',
    about: "a home's symmetric NAT (192.168.0.0/16) behind a carrier's (100.64.0.0/10)",
    families: ['4'],
    isPrivate: true,
    routers: [symmetric, symmetric],
  },
  {
    key: 'no-udp',
    title: 'UDP blocked',
    about: 'NAT that lets all of TCP out and drops every UDP packet',
    families: ['4'],
    isPrivate: true,
    routers: [
      router(walled('meta l4proto != udp ct state { new, established, related } accept'), nat('masquerade')),
    ],
  },
  {
    key: 'tcp-443',
    title: 'only TCP 443',
    about: 'NAT that lets nothing out but TCP to port 443, and drops the rest without a word',
    families: ['4'],
    isPrivate: true,
    routers: [
      router(
        walled(`iifname "down" tcp dport 443 accept
    iifname "up" meta l4proto tcp ct state { established, related } accept`),
        nat('masquerade'),
      ),
    ],
  },
  {
    key: 'ipv6',
    title: 'IPv6 only',
    about: 'public IPv6 addresses alone, behind a stateful filter',
    families: ['6'],
    isPrivate: false,
    routers: [router(stateful)],
  },
];

export const networkOf = (key) => {
  const found = networks.find((n) => n.key === key);
  if (!found) throw new Error(`no network is called ${key}: ${networks.map((n) => n.key).join(' ')}`);
  return found;
};

/** Each network with each, with itself too: 28 pairs of keys. */
export const allPairs = networks.flatMap((a, i) => networks.slice(i).map((b) => [a.key, b.key]));
