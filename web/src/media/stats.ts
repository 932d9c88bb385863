/** Statistics in words, for the debug panel, and the one number that tells whether a path is alive. */

type Entry = Record<string, unknown>;

const entries = (report: RTCStatsReport): Entry[] => {
  const all: Entry[] = [];
  report.forEach((entry: Entry) => {
    all.push(entry);
  });
  return all;
};
const ofType = (all: Entry[], type: string): Entry[] => all.filter((e) => e.type === type);
const byId = (all: Entry[], id: unknown): Entry => all.find((e) => e.id === id) ?? {};
const number = (v: unknown): number => (typeof v === 'number' ? v : 0);

export function receivedBytes(report: RTCStatsReport): number {
  return ofType(entries(report), 'candidate-pair').reduce((sum, e) => sum + number(e.bytesReceived), 0);
}

function chosenPair(all: Entry[]): Entry {
  const named = ofType(all, 'transport').find((t) => t.selectedCandidatePairId !== undefined);
  if (named) return byId(all, named.selectedCandidatePairId);
  // Firefox marks the pair itself.
  return ofType(all, 'candidate-pair').find((p) => p.selected === true || p.nominated === true) ?? {};
}

function candidateText(c: Entry): string {
  if (c.candidateType === undefined) return 'unknown';
  const relay = typeof c.relayProtocol === 'string' ? ` via ${c.relayProtocol}` : '';
  return `${String(c.candidateType)} ${String(c.protocol ?? '')}${relay}`;
}

function streamText(all: Entry[], stream: Entry): string {
  const codec = byId(all, stream.codecId);
  const parts = [String(codec.mimeType ?? '').replace(/^.*\//, '')];
  if (stream.frameWidth !== undefined)
    parts.push(`${String(stream.frameWidth)}×${String(stream.frameHeight)}`);
  if (stream.framesPerSecond !== undefined) parts.push(`${String(stream.framesPerSecond)} fps`);
  parts.push(`${number(stream.bytesReceived ?? stream.bytesSent)} bytes`);
  if (stream.framesDecoded !== undefined) parts.push(`${String(stream.framesDecoded)} frames decoded`);
  if (stream.packetsLost !== undefined) parts.push(`${String(stream.packetsLost)} packets lost`);
  return parts.filter((p) => p !== '').join(', ');
}

export function describeStats(report: RTCStatsReport): Record<string, string> {
  const all = entries(report);
  const pair = chosenPair(all);
  const out: Record<string, string> = {
    local: candidateText(byId(all, pair.localCandidateId)),
    remote: candidateText(byId(all, pair.remoteCandidateId)),
  };
  if (typeof pair.currentRoundTripTime === 'number')
    out['round trip'] = `${Math.round(pair.currentRoundTripTime * 1000)} ms`;
  for (const stream of ofType(all, 'inbound-rtp')) out[`${String(stream.kind)} in`] = streamText(all, stream);
  for (const stream of ofType(all, 'outbound-rtp'))
    out[`${String(stream.kind)} out`] = streamText(all, stream);
  return out;
}
