"""mog2.py VIDEO TRIG: OpenCV's MOG2 at 500 pixels width, motion from one blob of 500 pixels on, held for 2 s.
Writes `t_seconds trigger_start|trigger_end` lines; prints the CPU seconds of detection and the seconds of video."""
import sys, time
import cv2

cv2.setNumThreads(1)
video, out = cv2.VideoCapture(sys.argv[1]), open(sys.argv[2], "w")
model = cv2.createBackgroundSubtractorMOG2(history=500, varThreshold=16, detectShadows=True)
kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
cpu, last, at, previous = 0.0, None, 0.0, -1.0
fps = video.get(cv2.CAP_PROP_FPS) or 25.0
while True:
    ok, frame = video.read()
    if not ok:
        break
    at = max(video.get(cv2.CAP_PROP_POS_MSEC) / 1000.0, previous + 0.001 if previous >= 0 else 0.0)
    previous = at
    height = max(1, round(frame.shape[0] * 500 / frame.shape[1]))
    begun = time.process_time()
    mask = model.apply(cv2.resize(frame, (500, height), interpolation=cv2.INTER_AREA))
    mask = cv2.morphologyEx((mask > 200).astype("uint8"), cv2.MORPH_OPEN, kernel)
    found = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    moving = at > 1.0 and any(cv2.contourArea(contour) >= 500 for contour in found)
    cpu += time.process_time() - begun
    if moving:
        if last is None:
            out.write(f"{at:.3f} trigger_start\n")
        last = at
    elif last is not None and at - last >= 2.0:
        out.write(f"{at:.3f} trigger_end\n")
        last = None
print(f"{cpu:.3f} {at + 1 / fps:.3f}")
