/**
 * A modal dialog on the browser's own <dialog>: Escape, the focus trap and giving the focus back are its work.
 * What must stay reachable above it (people at the door, notices) is shown inside, as the rest of the page is inert.
 */
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from '../icons';
import { text } from '../text';
import { openDialog } from '../view-state';
import { Overlays } from './overlays';

export function Dialog({
  title,
  testid,
  children,
}: {
  title: string;
  testid: string;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // With the change of the page and not after it is painted: else the focus is nowhere for a while.
  useLayoutEffect(() => {
    const el = dialog.current;
    if (!el) return;
    const before = document.activeElement;
    el.showModal();
    return () => {
      el.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const close = () => {
    openDialog.value = null;
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside it closes; the keyboard has Escape and the button
    <dialog
      ref={dialog}
      class="dialog"
      data-testid={testid}
      aria-labelledby={heading}
      onCancel={close}
      onClose={(e) => e.currentTarget.isConnected && close()}
      onClick={(e) => e.target === dialog.current && close()}
    >
      <Overlays />
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <button
            type="button"
            class="icon-button"
            aria-label={text.close}
            data-testid="dialog-close"
            onClick={close}
          >
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
