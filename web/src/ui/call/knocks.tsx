/**
 * People at the door. Not modal, as a call is under way, and the focus is not taken from where it is: they are read
 * out, one key leads to them, and when the last one is answered the focus goes back. Of several the first is shown,
 * the others on request: a crowd at the door must not cover the call, let alone its controls.
 */
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Knock } from '../../state/types';
import { useActions, useAppState } from '../context';
import { Icon } from '../icons';
import { Avatar } from '../parts/avatar';
import { text } from '../text';

function focusFirst(root: ParentNode): boolean {
  const button = root.querySelector<HTMLElement>('[data-testid="knock-admit"]');
  button?.focus();
  return button !== null;
}

/** The shortcut. */
export function focusKnock(): void {
  focusFirst(document);
}

function KnockCard({ knock }: { knock: Knock }) {
  const actions = useActions();
  return (
    <fieldset
      class="knock"
      data-testid="knock"
      data-participant={knock.participant}
      aria-label={text.knock.asks(knock.name)}
    >
      <Avatar name={knock.name} small />
      <p class="knock-words">
        <bdi title={knock.name}>{knock.name}</bdi>
        <span>{text.knock.wants}</span>
      </p>
      <div class="knock-buttons">
        <button
          type="button"
          class="button button-small"
          data-testid="knock-refuse"
          aria-label={text.knock.refuseName(knock.name)}
          onClick={() => actions.hosting.refuse(knock.participant)}
        >
          {text.knock.refuse}
        </button>
        <button
          type="button"
          class="button button-small button-main"
          data-testid="knock-admit"
          aria-label={text.knock.admitName(knock.name)}
          onClick={() => actions.hosting.admit(knock.participant)}
        >
          {text.knock.admit}
        </button>
      </div>
    </fieldset>
  );
}

/** Keeps the focus in reach when the card it was in goes away. */
function useFocusBack(count: number) {
  const root = useRef<HTMLElement>(null);
  const before = useRef<HTMLElement | null>(null);
  const inside = useRef(false);
  useEffect(() => {
    const el = root.current;
    if (!el) return;
    const onIn = (e: FocusEvent) => {
      if (!inside.current && e.relatedTarget instanceof HTMLElement) before.current = e.relatedTarget;
      inside.current = true;
    };
    const onOut = (e: FocusEvent) => {
      // A button that is taken away loses the focus to nobody; then it is for us to pass it on.
      if (e.relatedTarget instanceof Node && !el.contains(e.relatedTarget)) inside.current = false;
    };
    el.addEventListener('focusin', onIn);
    el.addEventListener('focusout', onOut);
    return () => {
      el.removeEventListener('focusin', onIn);
      el.removeEventListener('focusout', onOut);
    };
  }, []);
  // Runs for each change of the count: it is the going of a card that matters.
  useLayoutEffect(() => {
    const el = root.current;
    if (!el || !inside.current || el.contains(document.activeElement)) return;
    if (focusFirst(el)) return;
    inside.current = false;
    const next = before.current?.isConnected
      ? before.current
      : document.querySelector<HTMLElement>('.toolbar button');
    next?.focus();
  }, [count]);
  return root;
}

function MoreKnocks({ knocks }: { knocks: readonly Knock[] }) {
  const [open, setOpen] = useState(false);
  const list = useId();
  return (
    <>
      <button
        type="button"
        class="knock-more"
        data-testid="knock-more"
        aria-expanded={open}
        aria-controls={list}
        onClick={() => setOpen(!open)}
      >
        {text.knock.more(knocks.length)}
        <Icon name="chevron" size={18} />
      </button>
      <div id={list}>{open && knocks.map((k) => <KnockCard key={k.participant} knock={k} />)}</div>
    </>
  );
}

export function Knocks() {
  const { knocks } = useAppState();
  const [first, ...others] = knocks;
  const root = useFocusBack(knocks.length);
  return (
    <section ref={root} class="knocks" aria-label={text.knock.region}>
      <p class="visually-hidden" role="alert">
        {first &&
          `${text.knock.asks(first.name)}${others.length > 0 ? `, ${text.knock.more(others.length)}` : ''}`}
      </p>
      {first && (
        <div class="knock-panel">
          <KnockCard key={first.participant} knock={first} />
          {others.length > 0 && <MoreKnocks knocks={others} />}
        </div>
      )}
    </section>
  );
}
