-- Friendly name of an activity, from its operation and class; the view activity_explorer says the same.
CASE
    WHEN operation IN ('exec', 'fork') THEN 'Process' WHEN operation = 'exit' THEN 'Process end'
    WHEN operation IN ('file.read', 'file.open') THEN 'File read' WHEN operation = 'file.delete' THEN 'File delete'
    WHEN operation = 'file.chmod' THEN 'Permission change' WHEN class = 'file' THEN 'File write'
    WHEN operation IN ('net.bind', 'net.listen', 'net.accept') THEN 'Network listen' WHEN class = 'network' THEN 'Network connect'
    WHEN class = 'dns' THEN 'DNS' WHEN class = 'registry' THEN 'Registry' WHEN class = 'kernel' THEN 'Kernel' ELSE 'Other'
END
