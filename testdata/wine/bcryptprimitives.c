// bcryptprimitives.dll as far as Go programs need it, for a wine that lacks it. Since
// each of them loads it, it also keeps them from hanging at their end.
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length); // RtlGenRandom

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
	return SystemFunction036(data, length);
}

// end ends the process, like ExitProcess. There wine 8 hangs once in some thousand times:
// its server interrupts the thread by a signal, whose handler waits for a lock that
// another thread had when it was ended. So Linux's rt_sigprocmask blocks signals first.
static void WINAPI end(UINT code)
{
	ULONGLONG all = ~0ULL;
	register LONGLONG size __asm__("r10") = sizeof all;
	LONGLONG number = 14; // of rt_sigprocmask
	__asm__ volatile("syscall" : "+a"(number) : "D"(0LL), "S"(&all), "d"(0LL), "r"(size) : "rcx", "r11", "memory");
	TerminateProcess(GetCurrentProcess(), code);
}

// replaceExit lets the program call end instead of ExitProcess.
static void replaceExit(void)
{
	BYTE *program = (BYTE *)GetModuleHandleW(NULL);
	IMAGE_NT_HEADERS *headers = (IMAGE_NT_HEADERS *)(program + ((IMAGE_DOS_HEADER *)program)->e_lfanew);
	IMAGE_DATA_DIRECTORY imports = headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
	FARPROC exitProcess = GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "ExitProcess");
	for (IMAGE_IMPORT_DESCRIPTOR *dll = (IMAGE_IMPORT_DESCRIPTOR *)(program + imports.VirtualAddress); dll->Name; dll++)
		for (FARPROC *import = (FARPROC *)(program + dll->FirstThunk); *import; import++)
			if (*import == exitProcess)
				*import = (FARPROC)end;
}

BOOL WINAPI DllMain(HINSTANCE library, DWORD reason, LPVOID reserved)
{
	if (reason == DLL_PROCESS_ATTACH)
		replaceExit();
	return TRUE;
}
