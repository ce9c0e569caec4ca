-- Whether a row of activity, or of its hours, fits the filters of the audit search that hours can tell.
(len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host))
    AND (len($users) = 0 OR list_contains($users, "user")) AND (len($operations) = 0 OR list_contains($operations, operation))
    AND (len($classes) = 0 OR list_contains($classes, class)) AND (len($verdicts) = 0 OR list_contains($verdicts, coalesce(verdict, 'none')))
    AND ($run = '' OR agent_run = $run) AND ($rule = '' OR rule = $rule)
    AND (len($labels) = 0 OR list_has_any(string_split(labels, ','), $labels))
    AND (len($activities) = 0 OR list_contains($activities, @activity_name))
