{{/* A Kafka server as the watcher's --servers wants it; its parts, or the short form. */}}
{{- define "nm.kafkaServer" -}}
{{- if kindIs "string" . -}}{{ . }}
{{- else -}}{{ .name }}.{{ .namespace }}{{ with .container }}:{{ . }}{{ end }}{{- end -}}
{{- end -}}

{{/* Deployment of a watcher; call with root, component, args, values and, if there is one, proxyCa: a ConfigMap. */}}
{{- define "nm.watcher" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "nm.name" .root }}-{{ .component }}
  {{- include "nm.metadata" . | nindent 2 }}
spec:
  replicas: 1
  revisionHistoryLimit: 3
  # Two at once would report the same twice.
  strategy: { type: Recreate }
  selector:
    matchLabels:
      {{- include "nm.selector" . | nindent 6 }}
  template:
    metadata:
      {{- include "nm.podMetadata" (dict "root" .root "component" .component) | nindent 6 }}
    spec:
      {{- include "nm.imagePullSecrets" .root | nindent 6 }}
      serviceAccountName: {{ include "nm.name" .root }}-watcher
      enableServiceLinks: false
      securityContext:
        {{- toYaml .root.Values.mapper.podSecurityContext | nindent 8 }}
      {{- include "nm.placement" .values | nindent 6 }}
      containers:
        - name: watcher
          image: {{ include "nm.image" .root }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          args:
            {{- toYaml .args | nindent 12 }}
            {{- include "nm.reporterArgs" .root | nindent 12 }}
            - --metrics-listen=:2112
            {{- with .values.extraArgs }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports: [{ name: metrics, containerPort: 2112 }]
          livenessProbe:
            httpGet: { path: /healthz, port: metrics }
            periodSeconds: 20
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet: { path: /readyz, port: metrics }
            periodSeconds: 5
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          volumeMounts:
            {{- include "nm.reporterMounts" .root | nindent 12 }}
            {{- with .proxyCa }}
            - { name: proxy-ca, mountPath: /var/run/network-mapper/proxy-ca, readOnly: true }
            {{- end }}
      volumes:
        {{- include "nm.reporterVolumes" .root | nindent 8 }}
        {{- with .proxyCa }}
        - { name: proxy-ca, configMap: { name: {{ . }} } }
        {{- end }}
{{- end -}}
