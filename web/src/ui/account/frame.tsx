/** The frame of the small account pages: a card in the middle of the page, with one thing to do. */
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { AccountApi } from '../../state/accounts';
import type { ApiFault } from '../../state/types';
import { useActions, useAppState } from '../context';
import { Icon, type IconName } from '../icons';
import type { FieldErrors, FormValues } from '../parts/form';
import { Page } from '../parts/page';
import { accountText } from '../text-account';

export function useAccounts(): AccountApi {
  const { api } = useActions();
  return useMemo(() => new AccountApi(api), [api]);
}

const PASSWORD_MIN = 8;

/** The server says how long a password has to be; where it has not said, it will when the form is sent. */
export function usePasswordMin(): number {
  return useAppState().service?.accounts.password_min ?? PASSWORD_MIN;
}

export function Card({
  title,
  lead,
  icon,
  tone = 'accent',
  testid,
  children,
  foot,
}: {
  title: string;
  lead?: ComponentChildren;
  icon?: IconName;
  tone?: 'accent' | 'warn';
  testid: string;
  children?: ComponentChildren;
  foot?: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  // A card takes the place of another when its form has done its work: else the focus would be nowhere.
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <Page name="account">
      <div class="card-page">
        <section class="card" data-testid={testid}>
          {icon && (
            <span class="card-icon" data-tone={tone}>
              <Icon name={icon} size={30} />
            </span>
          )}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead && <p class="card-lead">{lead}</p>}
          {children}
        </section>
        {foot && <div class="card-foot">{foot}</div>}
      </div>
    </Page>
  );
}

const EMAIL = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/;

/** Errors that need no server: what is missing, or plainly wrong. */
export function checks(
  values: FormValues,
  rules: { name?: boolean; email?: boolean; password?: string; newPassword?: [name: string, min: number] },
): FieldErrors {
  const errors: Record<string, string> = {};
  if (rules.name && values.text('name') === '') errors.name = accountText.nameMissing;
  if (rules.email) {
    if (values.text('email') === '') errors.email = accountText.emailMissing;
    else if (!EMAIL.test(values.text('email'))) errors.email = accountText.emailWrong;
  }
  if (rules.password && values.raw(rules.password) === '')
    errors[rules.password] = accountText.passwordMissing;
  if (rules.newPassword) {
    const [name, min] = rules.newPassword;
    if ([...values.raw(name)].length < min) errors[name] = accountText.passwordShort(min);
  }
  return errors;
}

/** The fault of an answer; undefined if it is none. */
export const faultIn = (answer: { ok: true } | { ok: false; fault: ApiFault }): ApiFault | undefined =>
  answer.ok ? undefined : answer.fault;
