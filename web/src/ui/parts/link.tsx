/** A link to another page of ours: a real one, so that it can be opened in a new tab, and one that does not reload. */
import type { ComponentChildren } from 'preact';
import { useActions } from '../context';

export function Link({
  to,
  class: name = 'link',
  testid,
  current = false,
  onGo,
  children,
}: {
  to: string;
  class?: string;
  testid?: string;
  /** It leads to where we are. */
  current?: boolean;
  /** Instead of going there at once. */
  onGo?: () => void;
  children: ComponentChildren;
}) {
  const actions = useActions();
  const go = (e: MouseEvent) => {
    if (e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    if (onGo) onGo();
    else actions.go(to);
  };
  return (
    <a href={to} class={name} data-testid={testid} aria-current={current ? 'page' : undefined} onClick={go}>
      {children}
    </a>
  );
}
