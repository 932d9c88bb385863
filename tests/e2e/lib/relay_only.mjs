/** Pages that connect over relays alone (iceTransportPolicy "relay"). */
/** Peer connections use relays only, and of those told by the server only the ones that `pattern` matches. */
function relayOnly(pattern) {
  const wanted = new RegExp(pattern);
  const Before = window.RTCPeerConnection;
  const narrow = (config) => ({
    ...config,
    iceTransportPolicy: 'relay',
    iceServers: (config?.iceServers ?? [])
      .map((s) => ({ ...s, urls: [s.urls].flat().filter((u) => wanted.test(u)) }))
      .filter((s) => s.urls.length > 0),
  });
  window.RTCPeerConnection = class extends Before {
    constructor(config) {
      super(narrow(config));
      window.__told = config?.iceServers;
    }
    setConfiguration(config) {
      window.__told = config?.iceServers;
      super.setConfiguration(narrow(config));
    }
  };
}

/** The local candidate in use. Runs in the page. */
export async function candidateInUse() {
  for (const pc of window.__seen.pcs) {
    if (pc.connectionState !== 'connected') continue;
    const stats = await pc.getStats();
    for (const s of stats.values()) {
      if (s.type !== 'candidate-pair' || !(s.nominated && s.state === 'succeeded')) continue;
      const local = stats.get(s.localCandidateId);
      return { type: local?.candidateType, protocol: local?.relayProtocol };
    }
  }
  return null;
}

/** Two pages whose calls go over those relays alone that `pattern` matches; closed when the test ends. */
export async function relayPages(t, browser, pattern) {
  const two = await Promise.all([browser.page(), browser.page()]);
  for (const page of two) {
    if (page.kind === 'chromium') await page.native.addInitScript(relayOnly, pattern);
    else await page.native.evaluateOnNewDocument(relayOnly, pattern);
  }
  t.after(() => Promise.all(two.map((p) => p.close().catch(() => {}))));
  return two;
}
