"""The virtual ESP8266: real MicroPython VM, real LittleFS, real sockets; simulated radio, pins and resets."""
