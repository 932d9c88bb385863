/** A call between two people, each in a browser in a network of the lab, and what it took to connect it. */
import { chmodSync, writeFileSync } from 'node:fs';
import { launchChromium } from '../../e2e/lib/browsers.mjs';
import { enter, mediaFlows } from '../../e2e/lib/call.mjs';
import { ParleyServer } from '../../e2e/lib/server.mjs';
import { SERVER, wrap } from './lab.mjs';

const ORIGIN = `https://${SERVER.host}`;

/** `parley serve` as somebody would run it on a public machine, but for the certificate. */
export function serverOf(sets = {}) {
  return new ParleyServer(
    {
      'server.listen': '*',
      'server.http_port': 80,
      'server.https_port': 443,
      'server.public_url': ORIGIN,
      'tls.self_signed': 'on',
      'limits.rooms_per_min': 1000,
      'turn.port': 3478,
      ...sets,
    },
    wrap(SERVER.namespace),
  );
}

/** One Chromium for each site, started when it is first wanted: starting is slow, and an idle one costs nothing. */
export class Browsers {
  #running = new Map();

  async of(site) {
    const running = this.#running.get(site);
    if (running) return running;
    const wrapper = `/run/chromium-${site.client}`;
    writeFileSync(wrapper, `#!/bin/sh\nexec ${wrap(site.client).join(' ')} /usr/bin/chromium "$@"\n`);
    chmodSync(wrapper, 0o755);
    const browser = await launchChromium(['--ignore-certificate-errors'], [], wrapper);
    this.#running.set(site, browser);
    return browser;
  }

  async close() {
    await Promise.all([...this.#running.values()].map((b) => b.close()));
  }
}

/** The way that a page's media takes. Runs in the page. */
async function selectedPath() {
  for (const pc of window.__seen.pcs) {
    if (pc.connectionState !== 'connected') continue;
    const stats = await pc.getStats();
    for (const transport of stats.values()) {
      const pair = stats.get(transport.selectedCandidatePairId);
      if (transport.type !== 'transport' || !pair) continue;
      const local = stats.get(pair.localCandidateId);
      const remote = stats.get(pair.remoteCandidateId);
      return {
        type: local.candidateType,
        relayProtocol: local.relayProtocol ?? '',
        url: local.url ?? '',
        address: local.address,
        remoteType: remote.candidateType,
        remoteAddress: remote.address,
      };
    }
  }
  return null;
}

/** Wall-clock times of the page's own marks. Runs in the page. */
function markTimes() {
  const at = (name) => performance.getEntriesByName(`parley:${name}`)[0]?.startTime;
  return { click: performance.timeOrigin + at('click'), frame: performance.timeOrigin + at('first-frame') };
}

/** What the peer connections tried, for a call that failed. Runs in the page. */
async function attempts() {
  const lines = [];
  for (const pc of window.__seen?.pcs ?? []) {
    const stats = await pc.getStats();
    const name = (id) => {
      const c = stats.get(id);
      return c ? `${c.candidateType} ${c.relayProtocol ?? c.protocol} ${c.address}:${c.port}` : '?';
    };
    lines.push(`${pc.connectionState}/${pc.iceConnectionState}/${pc.iceGatheringState}`);
    for (const s of stats.values()) {
      if (s.type === 'local-candidate') lines.push(`  own ${name(s.id)} ${s.url ?? ''}`);
      if (s.type === 'candidate-pair')
        lines.push(`  ${name(s.localCandidateId)} - ${name(s.remoteCandidateId)} ${s.state}`);
    }
  }
  return lines.join('\n');
}

const newRoom = (page) =>
  page.evaluate(async () => {
    const reply = await fetch('/api/v1/rooms', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"knock":false}',
    });
    if (reply.status !== 201) throw new Error(`POST /api/v1/rooms: ${reply.status}`);
    return reply.json();
  });

async function connect(host, guest) {
  await host.goto(ORIGIN);
  const { url } = await newRoom(host);
  await enter(host, url, 'Ada');
  await host.shown('alone');
  await enter(guest, url, 'Bob');
  await Promise.all([host, guest].map((page) => page.until(selectedPath, undefined, 'a connection')));
  await Promise.all([host, guest].map(mediaFlows));
  const [a, b] = await Promise.all([host, guest].map((page) => page.evaluate(selectedPath)));
  const [first, second] = await Promise.all([host, guest].map((page) => page.evaluate(markTimes)));
  return { a, b, hostMs: first.frame - second.click, guestMs: second.frame - second.click };
}

/**
 * Two sites call each other: pictures and sound both ways, or it is not connected. Times are counted from when the
 * second one clicked "join".
 * @returns {Promise<{connected: boolean, why: string, a?: object, b?: object, hostMs?: number, guestMs?: number}>}
 */
export async function call(browsers, siteA, siteB) {
  const pages = [];
  try {
    for (const site of [siteA, siteB]) pages.push(await (await browsers.of(site)).page());
    return { connected: true, why: '', ...(await connect(...pages)) };
  } catch (error) {
    const tried = await Promise.all(pages.map((p) => p.evaluate(attempts).catch((e) => String(e))));
    return { connected: false, why: [error.message, ...tried].join('\n') };
  } finally {
    await Promise.allSettled(pages.map((p) => p.close()));
  }
}
