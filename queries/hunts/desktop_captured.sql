-- title: Screen, keys or clipboard captured
-- answers: Which agents started a program that looks at, or acts on, the desktop of a person?
-- severity: medium
-- tactics: collection
-- attack: T1113, T1115, T1056.001, T1123, T1125
-- atlas: AML.T0085.001
-- owasp: ASI02
-- lookback: 5m
-- scheduled: yes
-- false positives: Agents made to use a desktop; tests of a graphical program on a virtual display.
-- parameters:
--   captures: regex = ^(scrot|import .*root|gnome-screenshot|spectacle|grim|slurp|maim|flameshot|xwd|screencapture|ffmpeg .*(x11grab|kmsgrab|avfoundation|v4l2|-f (alsa|pulse))|xclip .*-o|xsel .*(-o|--output)|wl-paste|pbpaste|xdotool|ydotool|wtype|xinput .*test|logkeys|evtest|showkey|arecord|parecord|pw-record|fswebcam|streamer )( |$)?: command lines that do so
--   devices: globs = /dev/{input/event*,video*,snd/pcm*c,uinput}: devices that do so
-- columns:
--   path: the device, where one was opened
--   cmdline: command line of the program
SELECT time, host, agent_run, agent, process_key, pid, exe, NULL AS path, cmdline, [row_id] AS evidence
FROM commands
WHERE regexp_matches(line, $captures)
UNION ALL
SELECT time, host, agent_run, agent, process_key, pid, exe, path, cmdline, [row_id] AS evidence
FROM events
WHERE class = 'file' AND operation IN ('file.read', 'file.write') AND outcome = 'success' AND starts_with(path, '/dev/')
    AND regexp_full_match(path, $devices)
