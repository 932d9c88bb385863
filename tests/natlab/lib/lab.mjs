/**
 * The lab's cables: a server, two sites of each network ("a" and "b"), and between them a core router that is the
 * internet. It has routes to the public addresses alone and none out of the lab. All of it is made of network
 * namespaces inside the one that run.mjs has entered, and is gone with it, whatever ends it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { networks } from './networks.mjs';

const ns = (name) => `natlab-${name}`;

/** Ordinary public addresses: those for documentation are refused as a relay's peers. */
export const SERVER = {
  host: 'meet.parley.test',
  namespace: ns('server'),
  v4: '44.1.0.10',
  v6: '2a02:4100::10',
  /** For probes from somewhere else than the server's own address. */
  other: { v4: '44.1.0.11', v6: '2a02:4100::11' },
  relayPorts: '49152-65535',
};

const CORE = ns('core');

function run(command, args, input) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { input, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${status}\n${stderr}${input ? `\n${input}` : ''}`);
  return stdout;
}

/** Run a command in a namespace, or a script where `input` is one. @returns {string} its output */
export const inside = (namespace, command, input) =>
  run('ip', ['netns', 'exec', namespace, ...command], input);

/** Words before a command that make it run in a namespace. */
export const wrap = (namespace) => ['ip', 'netns', 'exec', namespace];

/** What a named counter of a namespace's rules says, in packets. */
function counted(namespace, table, counter) {
  const { nftables } = JSON.parse(
    inside(namespace, ['nft', '-j', 'list', 'counter', 'inet', table, counter]),
  );
  return nftables.find((o) => o.counter).counter.packets;
}

/** Addresses of site number `n`; everything about it follows from the number. */
function plan(network, side, n) {
  const public4 = `44.${16 + n}`;
  const six = `2a02:4100:${n.toString(16)}`;
  const lan4 = network.isPrivate ? `192.168.${n}` : `${public4}.1`;
  const routers = network.routers.map((_, i) => ns(`${network.key}-${side}-r${i}`));
  return {
    network,
    side,
    client: ns(`${network.key}-${side}`),
    routers,
    /** Interface of the core that leads here. */
    port: `site${n}`,
    v4: network.families.includes('4') ? `${lan4}.2` : '',
    v6: network.families.includes('6') ? `${six}:1::2` : '',
    /** What the internet sees of IPv4. */
    seen4: network.isPrivate ? `${public4}.0.2` : `${lan4}.2`,
    public4,
    six,
    lan4,
    /** Between two routers of a chain. */
    between4: `100.64.${n}`,
  };
}

/** Cables are made all in one go: [namespace, interface, namespace, interface]. */
function cables(site) {
  const [home] = site.routers;
  const outer = site.routers.at(-1);
  const all = [
    [site.client, 'eth0', home, 'down'],
    [outer, 'up', CORE, site.port],
  ];
  if (home !== outer) all.push([home, 'up', outer, 'down']);
  return all;
}

/** Interfaces, addresses and routes of one namespace, as shell. `setup`: {interface: addresses}, {target: via}. */
function configuration(interfaces, routes, forwards) {
  const lines = ['ip link set lo up'];
  for (const [name, addresses] of Object.entries(interfaces)) {
    if (!addresses.some((a) => a.includes(':')))
      lines.push(`echo 1 > /proc/sys/net/ipv6/conf/${name}/disable_ipv6`);
    for (const address of addresses)
      lines.push(`ip address add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`);
    lines.push(`ip link set dev ${name} up`);
  }
  if (forwards)
    lines.push('echo 1 > /proc/sys/net/ipv4/ip_forward', 'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding');
  for (const [target, via] of routes)
    lines.push(`ip ${via.includes(':') ? '-6 ' : ''}route add ${target} via ${via}`);
  return `${lines.join('\n')}\n`;
}

const only = (site, four, six) => [
  ...(site.network.families.includes('4') ? four : []),
  ...(site.network.families.includes('6') ? six : []),
];

function configureClient(site) {
  const { client, lan4, six } = site;
  const addresses = only(site, [`${lan4}.2/24`], [`${six}:1::2/64`]);
  const routes = only(site, [['default', `${lan4}.1`]], [['default', `${six}:1::1`]]);
  inside(client, ['sh', '-e'], configuration({ eth0: addresses }, routes, false));
}

function configureRouter(site, i) {
  const { network, public4, six, lan4, between4 } = site;
  const first = i === 0;
  const last = i === network.routers.length - 1;
  const interfaces = {
    down: first ? only(site, [`${lan4}.1/24`], [`${six}:1::1/64`]) : [`${between4}.1/24`],
    up: last ? only(site, [`${public4}.0.2/24`], [`${six}::2/64`]) : [`${between4}.2/24`],
  };
  const routes = last
    ? only(site, [['default', `${public4}.0.1`]], [['default', `${six}::1`]])
    : [['default', `${between4}.1`]];
  inside(site.routers[i], ['sh', '-e'], configuration(interfaces, routes, true));
  inside(site.routers[i], ['nft', '-f', '-'], network.routers[i]);
}

function configureCore(sites) {
  const interfaces = { server: ['44.1.0.1/24', '2a02:4100::1/64'] };
  const routes = [];
  for (const site of sites) {
    const { port, public4, six, network } = site;
    interfaces[port] = only(site, [`${public4}.0.1/24`], [`${six}::1/64`]);
    if (!network.isPrivate)
      routes.push(...only(site, [[`${public4}.1.0/24`, `${public4}.0.2`]], [[`${six}:1::/64`, `${six}::2`]]));
  }
  inside(CORE, ['sh', '-e'], configuration(interfaces, routes, true));
}

function configureServer() {
  const { v4, v6, namespace } = SERVER;
  const routes = [
    ['default', '44.1.0.1'],
    ['default', '2a02:4100::1'],
  ];
  inside(namespace, ['sh', '-e'], configuration({ eth0: [`${v4}/24`, `${v6}/64`] }, routes, false));
}

/**
 * In the lab there is no name server, and one name; with a full stop too, as Chromium asks for STUN servers. The files
 * are hidden in our own mount namespace alone.
 */
function nameTheServer(dir) {
  const { host, v4, v6 } = SERVER;
  const files = {
    hosts: `127.0.0.1 localhost\n::1 localhost\n${v4} ${host} ${host}.\n${v6} ${host} ${host}.\n`,
    'resolv.conf': 'nameserver 127.0.0.1\n',
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(`${dir}/${name}`, text);
    if (existsSync(`/etc/${name}`)) run('mount', ['--bind', `${dir}/${name}`, `/etc/${name}`]);
  }
}

export class Lab {
  #sites = new Map();
  #namespaces;

  /** @param {string[]} keys of the networks wanted; default: all */
  constructor(keys = networks.map((n) => n.key)) {
    if (process.env.NATLAB_INSIDE !== '1') throw new Error('the lab is built by tests/natlab/run.mjs only');
    let n = 0;
    for (const network of networks) {
      for (const side of ['a', 'b']) {
        n++;
        if (keys.includes(network.key)) this.#sites.set(network.key + side, plan(network, side, n));
      }
    }
    const sites = [...this.#sites.values()];
    this.#namespaces = [CORE, SERVER.namespace, ...sites.flatMap((s) => [s.client, ...s.routers])];
    const links = [[SERVER.namespace, 'eth0', CORE, 'server'], ...sites.flatMap(cables)];
    const batch = [
      ...this.#namespaces.map((name) => `netns add ${name}`),
      ...links.map(([a, i, b, j]) => `link add name ${i} netns ${a} type veth peer name ${j} netns ${b}`),
    ];
    run('ip', ['-batch', '-'], `${batch.join('\n')}\n`);
    nameTheServer('/run');
    configureServer();
    configureCore(sites);
    for (const site of sites) {
      for (let i = 0; i < site.routers.length; i++) configureRouter(site, i);
      configureClient(site);
    }
  }

  site(key, side = 'a') {
    const site = this.#sites.get(key + side);
    if (!site) throw new Error(`the lab has no site ${key} ${side}`);
    return site;
  }

  get core() {
    return CORE;
  }

  /** Packets that the routers of a site have refused so far. */
  dropped(site) {
    return site.routers.map((r) => counted(r, 'lab', 'dropped')).reduce((a, b) => a + b);
  }

  /** Flows that each router of a site has translated so far, from the client outwards. */
  mapped(site) {
    return site.routers.map((r) => counted(r, 'lab', 'mapped'));
  }

  /** Packets that the server's firewall has refused since it was closed. */
  droppedAtServer() {
    return counted(SERVER.namespace, 'relay_ports', 'dropped');
  }

  /** A firewall on the server through which no relayed address can be reached, nor anything sent from one. */
  closeRelayPorts() {
    inside(
      SERVER.namespace,
      ['nft', '-f', '-'],
      `table inet relay_ports {
  counter dropped { }
  chain input {
    type filter hook input priority 0; policy accept;
    udp dport ${SERVER.relayPorts} counter name dropped drop
  }
  chain output {
    type filter hook output priority 0; policy accept;
    udp sport ${SERVER.relayPorts} counter name dropped drop
  }
}
`,
    );
  }

  openRelayPorts() {
    inside(SERVER.namespace, ['nft', 'delete', 'table', 'inet', 'relay_ports']);
  }

  /** Take it all down again, for a next one in the same place. */
  demolish() {
    run('ip', ['-batch', '-'], `${this.#namespaces.map((name) => `netns delete ${name}`).join('\n')}\n`);
  }
}
