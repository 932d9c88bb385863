/** For those who want to know how the call was made: the timeline, and what runs now. */
import { useEffect, useState } from 'preact/hooks';
import type { TimelineEntry } from '../../state/types';
import { useActions, useAppState } from '../context';
import { Icon } from '../icons';
import { text } from '../text';
import { debugOpen } from '../view-state';

const EVERY_MS = 1_000;

interface Snapshot {
  readonly timeline: readonly TimelineEntry[];
  readonly stats: readonly (readonly [string, string])[];
}

function Rows({ rows }: { rows: readonly (readonly [string, string])[] }) {
  return (
    <dl>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function useSnapshot(): Snapshot {
  const { peers } = useAppState();
  const actions = useActions();
  const [shot, setShot] = useState<Snapshot>({ timeline: [], stats: [] });
  const ids = peers.map((p) => p.participant).join(' ');
  useEffect(() => {
    let live = true;
    const take = async () => {
      const wanted = ids.split(' ').filter(Boolean);
      const found = await Promise.allSettled(wanted.map((id) => actions.peerStats(id)));
      const stats = found.flatMap((one) => (one.status === 'fulfilled' ? Object.entries(one.value) : []));
      if (live) setShot({ timeline: actions.timeline(), stats });
    };
    void take();
    const timer = setInterval(() => void take(), EVERY_MS);
    return () => {
      live = false;
      clearInterval(timer);
    };
  }, [ids, actions]);
  return shot;
}

function Panel() {
  const { signal, peers } = useAppState();
  const { timeline, stats } = useSnapshot();
  const states: [string, string][] = [
    ['signal', signal],
    ...peers.map((p): [string, string] => [p.name, p.link]),
  ];
  return (
    <aside class="debug" data-testid="debug" aria-label={text.debug.title}>
      <header>
        <h2>{text.debug.title}</h2>
        <button
          type="button"
          class="icon-button"
          aria-label={text.close}
          onClick={() => {
            debugOpen.value = false;
          }}
        >
          <Icon name="close" size={18} />
        </button>
      </header>
      <Rows rows={states} />
      <h3>{text.debug.timeline}</h3>
      {timeline.length === 0 ? (
        <p>{text.debug.nothing}</p>
      ) : (
        <Rows rows={timeline.map((t) => [t.name, text.debug.ms(t.ms)])} />
      )}
      <Rows rows={stats} />
    </aside>
  );
}

export function Debug() {
  return debugOpen.value ? <Panel /> : null;
}
