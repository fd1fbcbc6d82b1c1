export function DronePanel({ drone }: { drone: string }) {
  return <section aria-label={drone} />;
}
