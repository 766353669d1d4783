"""What a gateway is told and where it keeps its files: settings, the data folder, its lock.

It knows the machine, and nothing of payments. What must hold: settings are read once and frozen.
"""

from tillgate.config.folder import Folder, FolderRefused
from tillgate.config.lock import Announced, ServerLock, announced
from tillgate.config.settings import (
    Limits,
    Mode,
    Settings,
    check_serving,
    read_settings,
)
from tillgate.config.values import SettingRefused

__all__ = [
    "Announced",
    "Folder",
    "FolderRefused",
    "Limits",
    "Mode",
    "ServerLock",
    "SettingRefused",
    "Settings",
    "announced",
    "check_serving",
    "read_settings",
]
