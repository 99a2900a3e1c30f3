"""Prints what the QR code on a picture (PGM, as pdftoppm writes it) says."""

import sys

import zxingcpp

with open(sys.argv[1], "rb") as picture:
    assert picture.readline() == b"P5\n"
    width, height = map(int, picture.readline().split())
    picture.readline()
    pixels = picture.read()
for code in zxingcpp.read_barcodes(memoryview(pixels).cast("B", shape=[height, width])):
    print(code.text)
