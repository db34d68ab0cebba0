# Writes what servicectl prints about itself to DIRECTORY: its man pages and the scripts for completion in shells. The build
# runs it after each link of servicectl.
#
#   cmake -D PROGRAM=servicectl -D DIRECTORY=... [-D EMULATOR=...] -P servicectl_pages.cmake
file(MAKE_DIRECTORY "${DIRECTORY}")
function(write file)
    execute_process(COMMAND ${EMULATOR} "${PROGRAM}" ${ARGN} OUTPUT_FILE "${DIRECTORY}/${file}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()
write(servicectl.1 man)
write(servicekit.7 man servicekit)
write(servicectl completion bash)
write(_servicectl completion zsh)
write(servicectl.fish completion fish)
