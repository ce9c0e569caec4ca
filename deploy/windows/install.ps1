<#
.SYNOPSIS
Puts Lictor and its service onto this computer, or updates both. Runs under Windows PowerShell 5.1.

.DESCRIPTION
Finds a Python for all users, makes %ProgramFiles%\Lictor\venv from the wheels beside this script (no network), and hands the rest to
`python -m lictor.winservice install`, which reads every step back. docs/windows-deploy.md explains rights, files and return codes:
0 installed and running; 1 nothing was changed (no administrator, no Python, a damaged package); 1603 a step failed; 1618 another
installation runs.
#>
[CmdletBinding()]
param(
    # Folder whose *.yaml become the service's policies; the folder "policies" beside this script where none is named.
    [string] $Policies = '',
    # What watches; see "lictor doctor".
    [string] $Source = 'auto',
    # Judge and record, but stop nothing.
    [switch] $Audit,
    # A python.exe that an administrator vouches for; else one below Program Files is found.
    [string] $Python = ''
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# Intune's agent is a 32-bit process: it would see another registry and another Program Files.
if (-not [Environment]::Is64BitProcess) {
    $native = Join-Path $env:WINDIR 'sysnative\WindowsPowerShell\v1.0\powershell.exe'
    if (-not (Test-Path -LiteralPath $native)) {
        Write-Output 'Lictor needs a 64-bit Windows'
        exit 1
    }
    $words = @('-NoProfile', '-ExecutionPolicy', 'Bypass', '-File', $PSCommandPath, '-Source', $Source)
    if ($Policies) { $words += @('-Policies', $Policies) }
    if ($Python) { $words += @('-Python', $Python) }
    if ($Audit) { $words += '-Audit' }
    & $native @words
    exit $LASTEXITCODE
}

$target = Join-Path $env:ProgramFiles 'Lictor'
$venv = Join-Path $target 'venv'
$log = ''

function Write-Log([string] $Text) {
    $line = '{0:yyyy-MM-ddTHH:mm:ssZ} {1}' -f (Get-Date).ToUniversalTime(), $Text
    Write-Host $line
    if ($log) { Add-Content -LiteralPath $log -Value $line -Encoding UTF8 }
}

# Ends the installation with one line that says why, and one of Intune's return codes.
function Stop-Installation([int] $Code, [string] $Why) {
    Write-Log "ended with ${Code}: $Why"
    exit $Code
}

# Runs a program, its lines into the log; gives its exit code. A line on stderr is no error here, the exit code is.
function Invoke-Logged([string] $Program, [string[]] $Words) {
    $ErrorActionPreference = 'Continue'
    Write-Log "> $Program $Words"
    & $Program @Words 2>&1 | ForEach-Object { Write-Log "$_" } | Out-Null
    return $LASTEXITCODE
}

function Test-Administrator {
    $identity = [Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = New-Object Security.Principal.WindowsPrincipal $identity
    return $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
}

# Where Intune collects logs; else below Program Files. Not %ProgramData%\Lictor: until it is sealed, any user may have
# put a link there that leads SYSTEM's writing elsewhere.
function Get-LogFile {
    $intune = Join-Path $env:ProgramData 'Microsoft\IntuneManagementExtension\Logs'
    if (Test-Path -LiteralPath $intune) { return Join-Path $intune 'Lictor-install.log' }
    New-Item -ItemType Directory -Force -Path (Join-Path $target 'log') | Out-Null
    return Join-Path $target 'log\Lictor-install.log'
}

# Every python.exe that the registry and the launcher know, for all users.
function Get-Candidate {
    $found = @()
    foreach ($key in @(Get-ChildItem 'HKLM:\SOFTWARE\Python\PythonCore' -ErrorAction SilentlyContinue)) {
        $place = Get-Item -LiteralPath "$($key.PSPath)\InstallPath" -ErrorAction SilentlyContinue
        if ($place -and $place.GetValue('')) { $found += Join-Path $place.GetValue('') 'python.exe' }
    }
    $launcher = Join-Path $env:WINDIR 'py.exe'
    if (Test-Path -LiteralPath $launcher) {
        foreach ($line in @(& $launcher '-0p')) {
            if ($line -match '([A-Za-z]:\\.*python\.exe)\s*$') { $found += $Matches[1] }
        }
    }
    return @($found | Select-Object -Unique | Where-Object { Test-Path -LiteralPath $_ })
}

# Version of a Python as "3.12", empty where it is not a 64-bit one. Only asked of a program whose place was looked at.
function Get-PythonVersion([string] $Program) {
    $code = "import sys,struct; print('%d.%d' % sys.version_info[:2] if struct.calcsize('P') == 8 else '')"
    return [string](& $Program -I -c $code)
}

# The newest Python that the package has wheels for. One outside of Program Files is not even started: whoever may write
# there would run as SYSTEM.
function Find-Python([string[]] $Wanted) {
    $best = ''
    $newest = [version]'0.0'
    foreach ($program in Get-Candidate) {
        if (-not $program.StartsWith("$env:ProgramFiles\", [StringComparison]::OrdinalIgnoreCase)) {
            Write-Log "$program is refused: it is not below $env:ProgramFiles, so its users may change it"
            continue
        }
        $version = Get-PythonVersion $program
        if ($Wanted -notcontains $version) {
            Write-Log "$program is refused: it is '$version', the package has wheels for 64-bit $($Wanted -join ', ')"
            continue
        }
        if ([version]$version -gt $newest) {
            $best = $program
            $newest = [version]$version
        }
    }
    return $best
}

# The files of the package that are not what its list of hashes says.
function Get-Damaged {
    foreach ($line in Get-Content -LiteralPath (Join-Path $PSScriptRoot 'SHA256SUMS')) {
        $hash, $name = $line -split ' \*', 2
        $file = Join-Path $PSScriptRoot $name
        if (-not (Test-Path -LiteralPath $file)) { $name }
        elseif ((Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash -ne $hash) { $name }
    }
}

if (-not (Test-Administrator)) { Stop-Installation 1 'this needs an administrator: assign it to the system, or run it elevated' }
$log = Get-LogFile

# A file where only administrators may write: a named mutex could be held by any user, and nothing would ever be updated.
New-Item -ItemType Directory -Force -Path $target | Out-Null
try { $lock = [IO.File]::Open((Join-Path $target 'install.lock'), 'OpenOrCreate', 'ReadWrite', 'None') }
catch [IO.IOException] { Stop-Installation 1618 'another installation of Lictor runs' }

try {
    $package = Get-Content -LiteralPath (Join-Path $PSScriptRoot 'package.json') -Raw | ConvertFrom-Json
    Write-Log "Lictor $($package.version) from $PSScriptRoot"
    $damaged = @(Get-Damaged)
    if ($damaged) { Stop-Installation 1 "the package is damaged: $($damaged -join ', ')" }
    if (-not $Python) { $Python = Find-Python $package.pythons }
    if (-not $Python) { Stop-Installation 1 "no 64-bit Python ($($package.pythons -join ', ')) for all users below $env:ProgramFiles" }

    # Libraries of a service that runs cannot be replaced.
    if (Get-Service -Name 'Lictor' -ErrorAction SilentlyContinue) { Stop-Service -Name 'Lictor' -Force }
    $code = Invoke-Logged $Python @('-I', '-m', 'venv', '--clear', $venv)
    if ($code) { Stop-Installation 1603 "no virtual environment could be made in $venv" }
    $own = Join-Path $venv 'Scripts\python.exe'
    $wheels = Join-Path $PSScriptRoot 'wheels'
    $code = Invoke-Logged $own @('-I', '-m', 'pip', 'install', '--no-index', '--find-links', $wheels, "lictor==$($package.version)")
    if ($code) { Stop-Installation 1603 'the wheels could not be installed' }

    if (-not $Policies) { $Policies = Join-Path $PSScriptRoot 'policies' }
    $words = @('-I', '-m', 'lictor.winservice', 'install', '--source', $Source, '--policies', $Policies.TrimEnd('\'))
    if ($Audit) { $words += '--audit' }
    $code = Invoke-Logged $own $words
    if ($code) { Stop-Installation 1603 'the service does not stand as it should; the lines above say which step' }

    # What this computer permits: told, and no reason to take away a service that runs.
    Invoke-Logged $own @('-I', '-m', 'lictor', 'doctor') | Out-Null
    Write-Log 'installed and running'
}
catch {
    Stop-Installation 1603 "$_"
}
finally {
    $lock.Dispose()
}
exit 0
