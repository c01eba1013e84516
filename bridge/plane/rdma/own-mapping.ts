// Memory of this process alone, fit for registration: what a card writes to must stay where it is.
import { createSealedMemfd, Mapping, pageBytes } from '#native';

/** At least so many zeroed bytes. */
export function mapOwn(bytes: number): Mapping {
  const mapped = Math.ceil(bytes / pageBytes()) * pageBytes();
  const memfd = createSealedMemfd('leasewire-rdma', mapped, false);
  try {
    return new Mapping(memfd, mapped);
  } finally {
    memfd.close();
  }
}
