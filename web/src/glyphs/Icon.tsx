/** The few icons of the page's own buttons. */

const PATHS = {
  list: "M3 4.5 H17 M3 10 H17 M3 15.5 H17",
  panel: "M3 3.5 H17 V16.5 H3 Z M12 3.5 V16.5",
  close: "M5 5 L15 15 M15 5 L5 15",
  centre: "M10 2 V6 M10 14 V18 M2 10 H6 M14 10 H18 M10 6 A4 4 0 1 1 9.99 6 Z",
  follow: "M10 3 L15 16.5 L10 13 L5 16.5 Z",
  all: "M3 7 V3 H7 M13 3 H17 V7 M17 13 V17 H13 M7 17 H3 V13",
  search: "M8.5 3 A5.5 5.5 0 1 1 8.49 3 Z M12.6 12.6 L17 17",
  up: "M4 13 L10 7 L16 13",
  down: "M4 7 L10 13 L16 7",
  copy: "M7 7 H17 V17 H7 Z M13 7 V3 H3 V13 H7",
  light:
    "M10 6.5 A3.5 3.5 0 1 1 9.99 6.5 Z M10 1.5 V3.5 M10 16.5 V18.5 M1.5 10 H3.5 M16.5 10 H18.5 M4 4 L5.4 5.4 M14.6 14.6 L16 16 M16 4 L14.6 5.4 M5.4 14.6 L4 16",
  dark: "M15.5 12.5 A7 7 0 1 1 8 3.5 A5.5 5.5 0 0 0 15.5 12.5 Z",
  auto: "M10 3 A7 7 0 1 1 9.99 3 Z M10 3 V17 M12.5 4.2 V15.8 M15 6 V14",
  keys: "M2 5.5 H18 V14.5 H2 Z M5 8.5 H5.1 M8.3 8.5 H8.4 M11.6 8.5 H11.7 M15 8.5 H15.1 M6 11.5 H14",
};

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
