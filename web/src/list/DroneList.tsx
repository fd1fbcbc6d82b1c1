export function DroneList() {
  return <section aria-label="Drones" />;
}
