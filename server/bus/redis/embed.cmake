# Writes the Lua scripts as C arrays into one header: OUT, from SCRIPTS.
set(text "/* made from server/bus/redis/scripts: do not edit */\n")
foreach(script ${SCRIPTS})
  get_filename_component(name ${script} NAME_WE)
  file(READ ${script} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND text
    "static const unsigned char script_${name}[] = {${bytes}};\n")
endforeach()
file(WRITE ${OUT} "${text}")
