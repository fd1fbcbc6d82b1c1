/** A drone's name on one line: where it is too long, its middle gives way, for fleets are numbered. */

const LAST_LETTERS = 8;
/** Names up to here are cut off at their end if at all. */
const SHORT = 12;

export function DroneName({ of, className }: { of: string; className: string }) {
  const cut = of.length > SHORT ? of.length - LAST_LETTERS : of.length;
  return (
    <span className={`drone-name ${className}`} title={of}>
      <span>{of.slice(0, cut)}</span>
      {cut < of.length && <span>{of.slice(cut)}</span>}
    </span>
  );
}
