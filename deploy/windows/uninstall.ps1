<#
.SYNOPSIS
Takes Lictor and its service off this computer. Runs under Windows PowerShell 5.1.

.DESCRIPTION
The service is stopped and removed by `python -m lictor.winservice uninstall`, then %ProgramFiles%\Lictor goes. What was recorded and the
policies stay in %ProgramData%\Lictor unless -Purge is given. Return codes: 0 gone; 1 nothing was changed (no administrator); 1603 a step
failed; 3010 gone but for files that are in use until the next start of Windows.
#>
[CmdletBinding()]
param(
    # Remove what was recorded, and the policies, too.
    [switch] $Purge
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

if (-not [Environment]::Is64BitProcess) {
    $native = Join-Path $env:WINDIR 'sysnative\WindowsPowerShell\v1.0\powershell.exe'
    $words = @('-NoProfile', '-ExecutionPolicy', 'Bypass', '-File', $PSCommandPath)
    if ($Purge) { $words += '-Purge' }
    & $native @words
    exit $LASTEXITCODE
}

$identity = [Security.Principal.WindowsIdentity]::GetCurrent()
$principal = New-Object Security.Principal.WindowsPrincipal $identity
if (-not $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    Write-Output 'this needs an administrator: assign it to the system, or run it elevated'
    exit 1
}

$target = Join-Path $env:ProgramFiles 'Lictor'
$own = Join-Path $target 'venv\Scripts\python.exe'

if (Test-Path -LiteralPath $own) {
    $words = @('-I', '-m', 'lictor.winservice', 'uninstall')
    if ($Purge) { $words += '--purge' }
    & $own @words
    if ($LASTEXITCODE) { exit 1603 }
}
elseif (Get-Service -Name 'Lictor' -ErrorAction SilentlyContinue) {
    # Its program is gone already: what is left is an entry that starts nothing.
    & (Join-Path $env:WINDIR 'System32\sc.exe') delete Lictor
    if ($LASTEXITCODE) { exit 1603 }
}

if (Test-Path -LiteralPath $target) {
    Remove-Item -LiteralPath $target -Recurse -Force -ErrorAction SilentlyContinue
    if (Test-Path -LiteralPath $target) {
        Write-Output "$target has files in use: they can go after the next start of Windows"
        exit 3010
    }
}
Write-Output 'Lictor is gone'
exit 0
