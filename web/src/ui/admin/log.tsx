/** Who did what: the newest first. */
import type { AuditEvent } from '../../state/administration';
import { Section, useDates } from '../account/section';
import { Icon } from '../icons';
import { Loading } from '../parts/form';
import { adminText } from '../text-admin';
import { Failed, More, useAdmin } from './frame';
import { usePages } from './use-pages';

const words = adminText.log;

const actionOf = (action: string): string =>
  Object.hasOwn(words.actions, action) ? (words.actions[action] ?? action) : action;

function Event({ event }: { event: AuditEvent }) {
  const dates = useDates();
  return (
    <li class="list-item" data-testid="event">
      <span class="list-icon">
        <Icon name="list" size={22} />
      </span>
      <div class="list-words">
        <p>
          <bdi class="strong">{event.actor || words.system}</bdi> {actionOf(event.action)}{' '}
          {event.target && <bdi class="strong">{event.target}</bdi>}
          {event.detail && (
            <>
              : <bdi>{event.detail}</bdi>
            </>
          )}
        </p>
        <p class="list-note">
          <time dateTime={event.at}>{dates.time(event.at)}</time>
          {event.address && (
            <>
              {' '}
              · <bdi>{event.address}</bdi>
            </>
          )}
        </p>
      </div>
    </li>
  );
}

export function Log() {
  const admin = useAdmin();
  const pages = usePages((before) => admin.audit(before), '');
  const { items, more, busy, fault } = pages;
  return (
    <Section id="log" title={words.title}>
      {fault && <Failed fault={fault} again={items === undefined ? pages.reload : pages.next} />}
      {!fault && items === undefined && <Loading />}
      {items?.length === 0 && <p class="part-none">{words.none}</p>}
      <ul class="list" data-testid="log" aria-busy={busy}>
        {items?.map((event) => (
          <Event key={event.id} event={event} />
        ))}
      </ul>
      {more && <More busy={busy} onMore={pages.next} testid="log-more" />}
    </Section>
  );
}
