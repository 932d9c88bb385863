/** What is shown above everything: people at the door, and notices. */
import { useEffect } from 'preact/hooks';
import type { Notice } from '../../state/types';
import { Knocks } from '../call/knocks';
import { useActions, useAppState } from '../context';
import { Icon } from '../icons';
import { text } from '../text';

const SHOWN_MS: Record<Notice['kind'], number> = { info: 5_000, warning: 10_000 };

function NoticeLine({ notice }: { notice: Notice }) {
  const actions = useActions();
  useEffect(() => {
    const timer = setTimeout(() => actions.dismissNotice(notice.id), SHOWN_MS[notice.kind]);
    return () => clearTimeout(timer);
  }, [actions, notice.id, notice.kind]);
  return (
    <div class="notice" data-kind={notice.kind}>
      <Icon name={notice.kind === 'warning' ? 'warn' : 'info'} size={20} />
      <p>{notice.text}</p>
      <button
        type="button"
        class="icon-button"
        aria-label={text.dismiss}
        onClick={() => actions.dismissNotice(notice.id)}
      >
        <Icon name="close" size={18} />
      </button>
    </div>
  );
}

export function Overlays() {
  const { notices, page } = useAppState();
  return (
    <div class="overlays">
      {page === 'call' && <Knocks />}
      <section class="notices" data-testid="notices" aria-live="polite" aria-label={text.notices}>
        {notices.map((n) => (
          <NoticeLine key={n.id} notice={n} />
        ))}
      </section>
    </div>
  );
}
