/** Who may make a room for a call here: the service's rule, as far as it is known. The server decides. */
import type { Account, ServiceInfo } from '../../state/types';

export function mayStart(service: ServiceInfo | undefined, account: Account | null | undefined): boolean {
  switch (service?.rooms.create) {
    case 'members':
      return account !== null;
    case 'admins':
      return account !== null && (account === undefined || account.role === 'admin');
    default:
      return true;
  }
}
