<#
.SYNOPSIS
Tells Intune whether this version of Lictor is installed and runs: a line and exit code 0, else nothing and 1.

.DESCRIPTION
A custom detection rule ("run script as 32-bit process": no). Intune takes an app for detected when the script ends with 0 AND has written to
STDOUT. The version is filled in when the package is built, since Intune runs this file by itself. A service that was stopped, opened to others
or removed is not detected, so Intune installs again.
#>
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$wanted = '@VERSION@'
$files = $env:ProgramFiles
if ($env:ProgramW6432) { $files = $env:ProgramW6432 }
$own = Join-Path $files 'Lictor\venv\Scripts\python.exe'
if (-not (Test-Path -LiteralPath $own)) { exit 1 }

try {
    $status = (& $own -I -m lictor.winservice status --format json) -join "`n" | ConvertFrom-Json
    $fine = $status.ok -and $status.running -and $status.version -eq $wanted
}
catch {
    exit 1
}
if (-not $fine) { exit 1 }
Write-Output "Lictor $($status.version) runs"
exit 0
