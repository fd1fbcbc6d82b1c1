"""The fault laboratory: a real stack of processes, broken on a seeded schedule, and the proof.

Vehicles that count what they say (`vehicles`), the programs as processes (`processes`, `stack`),
what goes wrong and when (`kinds`, `plan`, `breaking`), with what (`proxy`, `disk`, `clocks`), and
the comparison of what was sent with what is stored (`stored`, `verdict`). `laboratory` runs one
seed, `report` tells of all.
"""
